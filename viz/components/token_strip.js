const strip = element.querySelector(".strip");
const empty = element.querySelector(".strip-empty");
const legend = element.querySelector(".legend");
const PATIENCE = 2500; // ms in which the server may still be answering an earlier press

let selected = null; // what the browser shows as selected
let awaited = false; // a press that the server has not answered yet
let trustAgain = 0;
let sending = 0;
let writing = false;
let following = true;
const cells = []; // one per token: its button, the breaks after it, and the word that what follows may be part of
const BYTE = /(<0x[0-9A-F]{2}>)/;
let pressed = null; // the button of the selected token
let stop = null; // the button that Tab reaches
const caret = make("span", { class: "caret", "aria-hidden": "true" });
const unmarked = { type: "button", "aria-pressed": "false", tabindex: -1 };
const next = make("button", { ...unmarked, class: "next", dir: "ltr", title: words.next_title }, words.next);
strip.setAttribute("aria-label", words.group);
empty.textContent = words.empty;

const current = () => props.value || { tokens: [] }; // its tokens come as strings: see `postprocess`
const last = () => current().tokens.length - (current().next ? 0 : 1);
const firstGenerated = () => cells.findIndex(({ token }) => token.kind === "generated");
const buttonAt = (index) => (index < current().tokens.length ? cells[index]?.button : current().next ? next : null);

function label(text) {
  const spaces = text.length - text.trimStart().length;
  return [...Array.from(text.slice(0, spaces), (space) => make("span", { class: "space" }, space)), ...signs(text.slice(spaces))];
}

function signs(text) { // what stands for something that cannot be seen is fainter than what can
  return text.split(words.mark).flatMap((part, index) => (index ? [make("span", { class: "hidden" }, words.mark), part] : [part]));
}

function bytes(text) { // `<0xE4>` for whoever listens or copies, of which two digits are seen
  const digits = (byte) => make("span", { class: "byte" }, make("i", {}, "<0x"), byte.slice(3, 5), make("i", {}, ">"));
  return text.split(BYTE).flatMap((part, index) => (index % 2 ? [digits(part)] : label(part)));
}

const seen = (token, text) => (token.mark === "bytes" ? bytes(text) : label(text));

// The box is from left to right, as its title is; what it reads may not be.
function read(token, text, level) {
  const inside = seen(token, text);
  return level % 2 || token.joins ? [make("span", { dir: level % 2 ? "rtl" : "ltr", class: token.joins }, ...inside)] : inside;
}

const line = (dir) => make("div", { class: "line", dir });
const content = (place) => Array.from(place.children).filter((one) => one !== caret && one !== next);
const base = (place) => (place.dir === "rtl" ? 1 : 0);

// Boxes have no direction for the browser: those that run against their line stand in a stretch of their own.
function stretch(level) {
  let place = strip.lastElementChild;
  for (let above = base(place) + 1; above <= level; above++) {
    const end = content(place).at(-1);
    place = end?.matches(".stretch") ? end : put(make("span", { class: "stretch", dir: above % 2 ? "rtl" : "ltr" }), place);
  }
  return place;
}

function put(made, place) {
  place.insertBefore(made, [caret, next].find((end) => end.parentNode === place) ?? null);
  return made;
}

function wordIn(place, before) {
  return before?.parentNode === place ? before : put(make("span", { class: "word" }), place);
}

function cell(token, index) {
  const kind = [token.kind, token.mark, token.forced && "forced", token.part && "part"].filter(Boolean).join(" ");
  const button = make("button", { ...unmarked, class: kind, dir: "ltr", "data-index": index }, ...read(token, token.text, token.level));
  let word = wordIn(stretch(token.level), token.joined && index > 0 ? cells[index - 1].word : null);
  const parts = [button, ...Array.from({ length: token.breaks }, () => make("br"))];
  word.append(...parts);
  if (token.breaks) strip.append(line(token.after));
  if (token.tail) { // a button is a box and cannot go on in the next line: the rest of its token stands there by itself
    word = wordIn(stretch(token.tail_level));
    const tail = make("span", { class: `tail ${token.kind}`, "data-of": index }, ...seen(token, token.tail));
    word.append(tail);
    parts.push(tail);
  }
  return { button, word, parts };
}

function remove({ parts, token }) {
  for (const part of parts) {
    let place = part.parentNode;
    part.remove();
    while (place !== strip && !place.matches(".line") && !place.hasChildNodes()) {
      const outer = place.parentNode;
      place.remove();
      place = outer;
    }
  }
  if (token.breaks) strip.lastElementChild.remove();
}

const keyOf = (token) => {
  const { title, weight, ...drawn } = token;
  return JSON.stringify(drawn);
};

function tint(drawn, token) {
  if (drawn.button.title !== token.title) drawn.button.title = token.title;
  if (drawn.weight === token.weight) return;
  drawn.weight = token.weight;
  for (const part of drawn.parts) part.style.setProperty("--w", token.weight);
}

function drawTokens(sources, dir) {
  if (!strip.firstElementChild) strip.append(line(dir));
  strip.firstElementChild.dir = dir;
  const tokens = sources.map((source, index) => (cells[index]?.source === source ? cells[index].token : JSON.parse(source)));
  const changed = tokens.findIndex((token, index) => cells[index]?.token !== token && cells[index]?.key !== keyOf(token));
  const focused = cells.findIndex(({ button }) => button === document.activeElement);
  cells.splice(changed < 0 ? tokens.length : changed).reverse().forEach(remove);
  tokens.forEach((token, index) => {
    if (index === cells.length) cells.push({ key: keyOf(token), ...cell(token, index) });
    if (cells[index].token !== token) tint(cells[index], token);
    Object.assign(cells[index], { token, source: sources[index] });
  });
  if (focused >= 0 && cells[focused] && !strip.contains(document.activeElement)) {
    cells[focused].button.focus({ preventScroll: true });
  }
}

function drawLegend(shown) {
  legend.replaceChildren();
  if (!shown) return;
  const ticks = make("span", { class: "ticks" }, ...shown.ticks.map((tick) => make("span", {}, tick)));
  legend.append(make("span", {}, shown.low), make("span", { class: "scale" }, make("i"), ticks));
  legend.append(make("span", {}, shown.high), make("span", { class: "quiet" }, shown.quiet));
}

function mark() {
  const now = selected === null ? null : buttonAt(selected);
  if (now !== pressed) {
    pressed?.setAttribute("aria-pressed", false);
    now?.setAttribute("aria-pressed", true);
    pressed = now;
  }
  const entry = now ?? buttonAt(Math.max(0, firstGenerated())); // one stop for Tab, arrows within
  if (entry !== stop) {
    if (stop) stop.tabIndex = -1;
    if (entry) entry.tabIndex = 0;
    stop = entry;
  }
}

function show(button) { // within the strip's own box; the page stays where it is
  const box = strip.getBoundingClientRect();
  const at = button.getBoundingClientRect();
  if (at.top < box.top) strip.scrollTop -= box.top - at.top + 8;
  else if (at.bottom > box.bottom) strip.scrollTop += at.bottom - box.bottom + 8;
}

function draw() {
  const value = current();
  if (value.writing || value.selected === selected) awaited = false;
  if (!awaited) selected = value.selected ?? null;
  drawTokens(value.tokens, value.dir ?? "ltr");
  next.dataset.next = value.tokens.length; // not an index: it is no token yet
  if (!value.next) next.remove();
  else if (strip.lastElementChild.lastElementChild !== next) strip.lastElementChild.append(next);
  if (value.writing) strip.lastElementChild.insertBefore(caret, value.next ? next : null);
  else caret.remove();
  empty.hidden = value.tokens.length > 0;
  strip.hidden = legend.hidden = value.tokens.length === 0;
  drawLegend(value.legend);
  mark();
  follow(value);
  tell();
}

function tell() { // the text bar, which shows the same text in one line
  const { next: offered, dir } = current();
  const tokens = cells.map(({ token }) => token);
  document.dispatchEvent(new CustomEvent("strip-drawn", { detail: { strip: words.strip, tokens, selected, next: offered, dir: dir ?? "ltr" } }));
}

function wanted(event) {
  if (!element.isConnected) return document.removeEventListener("token-wanted", wanted);
  if (event.detail.strip !== words.strip) return;
  const index = Math.min(Math.max(event.detail.index, 0), last());
  select(index, 0);
  if (buttonAt(index)) show(buttonAt(index));
}

function asked(event) {
  if (!element.isConnected) return document.removeEventListener("strip-asked", asked);
  if (event.detail.strip === words.strip) tell();
}

function follow(value) { // the newest token, unless the reader has scrolled up since the writing began
  if (value.writing && !writing) following = true;
  if (value.writing && following) strip.scrollTop = strip.scrollHeight;
  if (!value.writing && writing && buttonAt(selected)) show(buttonAt(selected));
  writing = value.writing;
  // Figures are redrawn now and then while the selection runs ahead: the style sheet fades them.
  const ahead = writing && selected === value.tokens.length - 1;
  element.closest(".gradio-container")?.classList.toggle("writing", ahead);
}

function send() {
  sending = 0;
  trigger("select", { index: selected, value: cells[selected]?.token.text ?? "" });
  document.dispatchEvent(new CustomEvent("token-selected", { detail: { index: selected, strip: words.strip } }));
}

function select(index, wait) {
  selected = index;
  awaited = true; // answers to earlier presses must not pull the selection back
  clearTimeout(trustAgain);
  trustAgain = setTimeout(() => (awaited = false), PATIENCE);
  mark();
  tell();
  clearTimeout(sending);
  sending = setTimeout(send, wait);
}

const elsewhere = (target) =>
  target.closest?.(
    "input, textarea, select, [contenteditable]:not([contenteditable=false]), " +
      "[role=slider], [role=tab], [role=listbox], [role=option], [role=combobox], [role=radio], [role=menu], [role=dialog]"
  );

function steps(key, from) { // the way that the line of the selected token is read
  const ahead = buttonAt(from)?.closest(".line")?.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  return key === ahead ? 1 : -1;
}

function aim(key, inside) {
  const from = selected ?? firstGenerated();
  if (key === "ArrowLeft" || key === "ArrowRight") return selected === null ? from : from + steps(key, from);
  if (key === "Home" && inside) return firstGenerated();
  if (key === "End" && inside) return cells.length - 1;
  return null;
}

function onKey(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  if (event.defaultPrevented || composing(event) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (elsewhere(event.target)) return;
  const inside = strip.contains(document.activeElement);
  const aimed = current().tokens.length > 1 ? aim(event.key, inside) : null;
  if (aimed === null) return;
  event.preventDefault();
  const index = Math.min(Math.max(aimed, 1), last());
  if (index !== selected) select(index, 60);
  const button = buttonAt(index);
  if (inside) button?.focus({ preventScroll: true });
  if (button) show(button);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-index], button[data-next], [data-of]");
  if (button) select(Number(button.dataset.index ?? button.dataset.next ?? button.dataset.of), 0);
});
strip.addEventListener("scroll", () => {
  following = strip.scrollHeight - strip.scrollTop - strip.clientHeight < 48;
});
document.addEventListener("keydown", onKey);
document.addEventListener("token-wanted", wanted);
document.addEventListener("strip-asked", asked);
watch("value", draw);
draw();
