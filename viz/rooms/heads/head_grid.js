const root = element.querySelector(".head-grid");
const send = (action, detail) => document.dispatchEvent(new CustomEvent("head-action", { detail: { action, ...detail } }));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const caption = make("p", { class: "say caption" });
const unit = make("span", { class: "unit" });
const scale = make("i");
const ticks = make("span", { class: "ticks" });
const legend = make("div", { class: "head-legend" }, unit, make("span", { class: "scale" }, scale, ticks));
const choice = make("select", { "aria-label": words.key, translate: "no" });
const chooser = make("label", { class: "key-choice", hidden: true }, make("span", {}, words.key), choice);
const empty = make("p", { class: "notice", role: "status", hidden: true });
const grid = make("div", { class: "cells", role: "grid", "aria-label": words.grid, "aria-describedby": "head-told" });
const told = make("p", { class: "told say", id: "head-told" });
const list = make("ol", {});
const top = make("section", { class: "top-heads" }, make("h3", {}, words.top), list);
root.append(caption, make("div", { class: "head-tools" }, legend, chooser), empty, make("div", { class: "both" }, make("div", { class: "grid-side" }, grid, told), top));

let cells = []; // by layer and head
let at = [0, 0]; // the cell that Tab reaches
let shape = "";

const valueOf = (layer, head) => props.value.cells[layer][head];
const sentence = (layer, head) => {
  const { shade, text } = valueOf(layer, head);
  return shade === null ? fill(words.none, { layer, head }) : fill(props.value.sentence, { layer, head, value: text });
};
const tell = (layer, head) => (told.textContent = sentence(layer, head));

function colourAt(shade, colours) {
  const place = shade * (colours.length - 1);
  const low = Math.min(Math.floor(place), colours.length - 2);
  return `color-mix(in srgb, ${colours[low + 1]} ${(100 * (place - low)).toFixed(1)}%, ${colours[low]})`;
}

function build(layers, heads) {
  root.style.setProperty("--heads", heads);
  grid.classList.toggle("many", heads > 16);
  const header = make("div", { role: "row", class: "row" }, make("span", { role: "columnheader", class: "corner" }, words.layer));
  for (let head = 0; head < heads; head += 1) header.append(make("span", { role: "columnheader" }, String(head)));
  cells = [];
  const rows = [];
  for (let layer = 0; layer < layers; layer += 1) {
    cells.push([]);
    const row = make("div", { role: "row", class: "row" }, make("span", { role: "rowheader" }, String(layer)));
    for (let head = 0; head < heads; head += 1) {
      const cell = make("span", { role: "gridcell", class: "cell", tabindex: -1, "data-layer": layer, "data-head": head });
      cells[layer].push(cell);
      row.append(cell);
    }
    rows.push(row);
  }
  grid.replaceChildren(make("span", { class: "across", "aria-hidden": "true" }, words.head), header, ...rows);
  at = [Math.min(at[0], layers - 1), Math.min(at[1], heads - 1)];
}

function reach(layer, head) {
  cells[at[0]][at[1]].tabIndex = -1;
  at = [layer, head];
  cells[layer][head].tabIndex = 0;
}

function paint(value) {
  value.cells.forEach((row, layer) =>
    row.forEach(({ shade }, head) => {
      const cell = cells[layer][head];
      cell.style.background = shade === null ? "" : colourAt(shade, value.colours);
      cell.classList.toggle("nothing", shade === null);
      cell.setAttribute("aria-label", sentence(layer, head));
      const here = layer === value.opened[0] && (value.opened.length < 2 || head === value.opened[1]);
      cell.classList.toggle("opened", here && value.opened.length === 2);
      cell.classList.toggle("opened-layer", here && value.opened.length === 1);
      cell.setAttribute("aria-selected", String(here && value.opened.length === 2));
    })
  );
}

function listed({ layer, head, text, shade }) {
  const bar = make("span", { class: "bar-of" }, make("i", { style: `width:${(100 * shade).toFixed(1)}%` }));
  const name = make("span", { class: "name" }, fill(words.top_item, { layer, head }));
  const button = make("button", { type: "button", "data-layer": layer, "data-head": head }, name, bar, make("span", { class: "value" }, text));
  const [openLayer, openHead] = props.value.opened;
  if (openLayer === layer && openHead === head) button.setAttribute("aria-current", "true");
  return make("li", {}, button);
}

function drawList(value) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset : null;
  list.replaceChildren(...value.top.map(listed));
  if (focused) list.querySelector(`[data-layer="${focused.layer}"][data-head="${focused.head}"]`)?.focus();
}

function drawChoice(value) {
  chooser.hidden = value.keys.length === 0;
  const options = value.keys.map((token, index) => make("option", { value: index }, `${index} · \u2068${token}\u2069`));
  if (document.activeElement !== choice || choice.length !== options.length) choice.replaceChildren(...options);
  choice.value = String(value.key);
}

function draw() {
  const value = props.value;
  root.hidden = !value?.caption;
  if (root.hidden) return;
  const [layers, heads] = [value.cells.length, value.cells[0]?.length || 0];
  if (shape !== `${layers} ${heads}` && layers && heads) build(layers, heads);
  shape = `${layers} ${heads}`;
  caption.textContent = value.caption;
  empty.textContent = value.empty;
  empty.hidden = !value.empty;
  legend.hidden = Boolean(value.empty) || !layers;
  top.hidden = legend.hidden;
  grid.hidden = told.hidden = !layers;
  unit.textContent = value.unit;
  scale.style.background = `linear-gradient(90deg, ${value.colours.join(", ")})`;
  ticks.replaceChildren(...value.ticks.map((tick) => make("span", { style: `left:${100 * tick.at}%` }, tick.text)));
  drawChoice(value);
  if (!layers) return;
  paint(value);
  const [layer, head] = value.opened;
  if (!grid.contains(document.activeElement) && cells[layer]?.[head ?? 0]) reach(layer, head ?? at[1]);
  else reach(...at);
  rest();
  drawList(value);
}

function rest() { // what the line says while nothing is pointed at
  if (grid.contains(document.activeElement)) tell(...at);
  else if (cells[props.value.opened[0]]?.[props.value.opened[1]]) tell(...props.value.opened);
  else told.textContent = words.hint;
}

const placeOf = (target) => {
  const found = target.closest("[data-layer]");
  return found && [Number(found.dataset.layer), Number(found.dataset.head)];
};
const open = ([layer, head]) => send("open", { layer, head });

root.addEventListener("click", (event) => {
  const place = placeOf(event.target);
  if (!place) return;
  if (grid.contains(event.target)) {
    reach(...place);
    cells[place[0]][place[1]].focus();
  }
  open(place);
});
root.addEventListener("pointerover", (event) => {
  const place = placeOf(event.target);
  if (place) tell(...place);
});
root.addEventListener("pointerleave", () => cells.length && props.value && rest());
grid.addEventListener("focusin", (event) => {
  const place = placeOf(event.target);
  if (place) tell(...place);
});
grid.addEventListener("keydown", (event) => {
  const [layer, head] = at;
  const [layers, heads] = [cells.length, cells[0].length];
  const moves = {
    ArrowUp: [layer - 1, head],
    ArrowDown: [layer + 1, head],
    ArrowLeft: [layer, head - 1],
    ArrowRight: [layer, head + 1],
    Home: [event.ctrlKey ? 0 : layer, 0],
    End: [event.ctrlKey ? layers - 1 : layer, heads - 1],
    PageUp: [0, head],
    PageDown: [layers - 1, head],
  };
  if (event.key === "Enter" || event.key === " ") open(at);
  else if (!(event.key in moves)) return;
  else {
    const [down, across] = moves[event.key];
    reach(Math.min(Math.max(down, 0), layers - 1), Math.min(Math.max(across, 0), heads - 1));
    cells[at[0]][at[1]].focus();
  }
  event.preventDefault();
  event.stopPropagation();
});
choice.addEventListener("change", () => send("key", { key: Number(choice.value) }));

watch("value", draw);
draw();
