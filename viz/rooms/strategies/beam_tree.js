const root = element.querySelector(".beam-tree");
const box = make("div", { class: "tree-box", tabindex: 0, role: "group", "aria-label": words.group });
const legend = make(
  "p",
  { class: "tree-legend" },
  ...["best", "kept", "pruned", "finished"].map((kind) => make("span", {}, make("i", { class: `node ${kind}` }), words[kind]))
);
const note = make("p", { class: "say" });
const REM = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // letters are larger on a projector
const GAP = 24 * REM; // pixels from column to column, and from row to row
const ROW = 26 * REM;
const NARROWEST = 92 * REM;
const HEIGHT = 22 * REM; // as in the style sheet
const NS = "http://www.w3.org/2000/svg";
let columns = 0;
let growing = false;
let following = false; // until a person scrolls

const y = (row) => row * ROW + 2;
const cells = (text) => [...text.replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, "")].reduce((sum, one) => sum + (one.codePointAt(0) > 0x2e7f ? 2 : 1), 0); // wide characters
const needs = ({ text, share }) => Math.ceil(REM * (cells(text) * 7 + share.length * 6 + 24)); // at the sizes of the style sheet

function laidOut(all) { // the left edge and the width of each column: what is kept reads in full, the rest as far as there is room
  let left = 0;
  return all.map((column) => {
    const kept = column.filter((node) => node.best || node.fate !== "pruned");
    const place = { left, width: Math.max(NARROWEST, ...kept.map(needs)) };
    left += place.width + GAP;
    return place;
  });
}

function nodeOf(node, { left, width }) {
  const kind = ["node", node.fate, node.best && "best"].filter(Boolean).join(" ");
  return make(
    "div",
    { class: kind, title: node.title, style: `left:${left}px;top:${y(node.row)}px;width:${width}px`, "data-node": node.id },
    verbatim("b", {}, node.text),
    node.share && make("span", {}, node.share)
  );
}

function line(from, to, kind) { // from the right side of a parent to the left side of its child
  const path = document.createElementNS(NS, "path");
  const [x1, y1, x2, y2] = [from.left + from.width, y(from.row) + HEIGHT / 2, to.left, y(to.row) + HEIGHT / 2];
  const bend = (x2 - x1) / 2;
  path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  path.setAttribute("class", kind);
  return path;
}

function draw() {
  const value = props.value;
  if (!value || !value.columns) return root.replaceChildren();
  const start = { id: null, row: 0, text: value.root, share: "", fate: "kept", best: true, title: value.root };
  const [first, ...edges] = laidOut([[start], ...value.columns]);
  const places = new Map([[null, { ...first, row: 0 }]]);
  const nodes = [nodeOf(start, first)];
  const lines = [];
  value.columns.forEach((column, index) => {
    for (const node of column) {
      const place = { ...edges[index], row: node.row };
      places.set(node.id, place);
      nodes.push(nodeOf(node, edges[index]));
      lines.push(line(places.get(node.parent), place, node.best ? "best" : node.fate));
    }
  });
  lines.sort((one, other) => (one.getAttribute("class") === "best") - (other.getAttribute("class") === "best"));
  const last = edges.at(-1) ?? first;
  const width = last.left + last.width + 4;
  const height = y(Math.max(1, ...value.columns.map((column) => column.length))) + 2;
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-hidden", "true");
  svg.append(...lines);
  box.replaceChildren(make("div", { class: "tree", style: `width:${width}px;height:${height}px` }, svg, ...nodes));
  note.textContent = value.note;
  if (!box.isConnected) root.replaceChildren(legend, box, note);
  follow(value, width);
}

function follow(value, width) { // while it grows the newest column is in view; once it has ended, the root
  if (value.columns.length < columns) box.scrollLeft = 0;
  if (value.growing && (!growing || value.columns.length < columns)) following = true;
  if (following) box.scrollLeft = value.growing ? width : 0;
  following = following && value.growing;
  growing = value.growing;
  columns = value.columns.length;
}

for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) box.addEventListener(kind, () => (following = false), { passive: true });

watch("value", draw);
draw();
