const root = element.querySelector(".aligned");
const box = make("div", { class: "aligned-box", tabindex: 0, role: "group", "aria-label": words.group });
const list = make("ol", { class: "aligned-list" });
const EVERY = 5; // positions are numbered so far apart
let growing = false;
let following = false;

function numbers(first, count) {
  const cells = [make("th", { scope: "col", class: "name" }, words.position)];
  for (let index = 0; index < count; index++) {
    const position = first + index;
    const shown = index === 0 || position % EVERY === 0 ? String(position) : "";
    cells.push(make("th", { scope: "col", "aria-label": position }, shown));
  }
  return make("tr", {}, ...cells);
}

function cellOf([text, title, kind], position, original) {
  const inside = original ? verbatim("button", { type: "button", tabindex: -1, "data-position": position }, text) : verbatim("span", {}, text);
  return make("td", { class: kind, title, "data-position": position }, inside);
}

function rowOf(row, index, first) {
  const name = make("button", { type: "button", dir: "auto", "data-name": index, title: words.name_title }, row.name);
  const cells = row.cells.map((cell, column) => cellOf(cell, first + column, index === 0));
  const waiting = row.growing && make("td", { class: "caret" }, make("i"));
  return make("tr", {}, make("th", { scope: "row", class: "name" }, name), ...cells, waiting || "");
}

function entry(row, index) {
  const open = make("button", { type: "button", class: "pill large open", "data-open": index, title: words.open_title }, words.open);
  const head = make("p", { class: "head" }, make("b", {}, row.name), make("span", {}, row.growing ? words.growing : row.facts));
  return make("li", {}, make("div", {}, head, row.reason && make("p", { class: "reason" }, ...prose(row.reason))), row.growing ? "" : open);
}

function draw() {
  const value = props.value;
  if (!value || !value.rows) return root.replaceChildren();
  const columns = Math.max(...value.rows.map((row) => row.cells.length));
  const table = make(
    "table",
    {},
    make("thead", {}, numbers(value.first, columns)),
    make("tbody", {}, ...value.rows.map((row, index) => rowOf(row, index, value.first)))
  );
  const now = value.rows.some((row) => row.growing);
  box.dir = value.dir;
  if (now && !growing) following = true;
  box.replaceChildren(table);
  list.replaceChildren(...value.rows.map(entry));
  if (!box.isConnected) root.replaceChildren(box, list);
  if (following) follow(now);
  growing = now;
}

function follow(now) { // what grows; once it has ended, the first place where a text parts
  if (now) {
    const ends = Array.from(box.querySelectorAll("td.caret"), (cell) => along(cell) + cell.offsetWidth);
    show(Math.min(...ends) - box.clientWidth);
    return;
  }
  const parted = Array.from(box.querySelectorAll("td.parted"), along);
  show(parted.length ? Math.min(...parted) - box.clientWidth / 2 : 0);
  following = false;
}

// How far a cell is from where its row begins, on the left or on the right, and the scrolling that far.
const backwards = () => box.dir === "rtl";
const along = (cell) => (backwards() ? cell.offsetParent.offsetWidth - cell.offsetLeft - cell.offsetWidth : cell.offsetLeft);
const show = (far) => (box.scrollLeft = (backwards() ? -1 : 1) * Math.max(0, far));

function tellOpened(index) {
  document.dispatchEvent(new CustomEvent("token-selected", { detail: { strip: words.here, index } }));
}

function select(position) { // as if it had been clicked in the strip, which marks it and tells the server
  document.getElementById(words.strip)?.querySelector(`button[data-index="${position}"]`)?.click();
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (!pressed) return;
  const { name, open, position } = pressed.dataset;
  if (open !== undefined) tellOpened(Number(open));
  else if (position !== undefined) select(Number(position));
  else if (name !== undefined) (list.querySelector(`[data-open="${name}"]`) ?? pressed).focus();
});
for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) box.addEventListener(kind, () => (following = false), { passive: true });
watch("value", draw);
draw();
