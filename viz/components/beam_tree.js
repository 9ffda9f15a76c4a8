const root = element.querySelector(".beam-tree");
const box = make("div", { class: "tree-box", tabindex: 0, role: "group", "aria-label": words.group });
const legend = make(
  "p",
  { class: "tree-legend" },
  ...["best", "kept", "pruned", "finished"].map((kind) => make("span", {}, make("i", { class: `node ${kind}` }), words[kind]))
);
const note = make("p", { class: "say" });
const STEP = 116; // pixels from column to column, and from row to row
const ROW = 26;
const WIDTH = 92;
const HEIGHT = 22;
const NS = "http://www.w3.org/2000/svg";
let columns = 0;

const x = (column) => column * STEP;
const y = (row) => row * ROW + 2;

function nodeOf(node, column) {
  const kind = ["node", node.fate, node.best && "best"].filter(Boolean).join(" ");
  return make(
    "div",
    { class: kind, title: node.title, style: `left:${x(column)}px;top:${y(node.row)}px`, "data-node": node.id },
    make("b", {}, node.text),
    node.share && make("span", {}, node.share)
  );
}

function line(from, to, kind) { // from the right side of a parent to the left side of its child
  const path = document.createElementNS(NS, "path");
  const [x1, y1, x2, y2] = [x(from.column) + WIDTH, y(from.row) + HEIGHT / 2, x(to.column), y(to.row) + HEIGHT / 2];
  const bend = (x2 - x1) / 2;
  path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  path.setAttribute("class", kind);
  return path;
}

function draw() {
  const value = props.value;
  if (!value || !value.columns) return root.replaceChildren();
  const start = { id: null, row: 0, text: value.root, share: "", fate: "kept", best: true, title: value.root };
  const places = new Map([[null, { column: 0, row: 0 }]]);
  const nodes = [nodeOf(start, 0)];
  const lines = [];
  value.columns.forEach((column, index) => {
    for (const node of column) {
      const place = { column: index + 1, row: node.row };
      places.set(node.id, place);
      nodes.push(nodeOf(node, index + 1));
      lines.push(line(places.get(node.parent), place, node.best ? "best" : node.fate));
    }
  });
  lines.sort((one, other) => (one.getAttribute("class") === "best") - (other.getAttribute("class") === "best"));
  const width = x(value.columns.length) + WIDTH + 4;
  const height = y(Math.max(1, ...value.columns.map((column) => column.length))) + 2;
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-hidden", "true");
  svg.append(...lines);
  box.replaceChildren(make("div", { class: "tree", style: `width:${width}px;height:${height}px` }, svg, ...nodes));
  note.textContent = value.note;
  if (!box.isConnected) root.replaceChildren(legend, box, note);
  // While it grows the newest column is in view; a tree that was there before stays where it was scrolled to.
  if (value.columns.length !== columns) box.scrollLeft = value.columns.length > columns ? width : 0;
  columns = value.columns.length;
}

watch("value", draw);
draw();
