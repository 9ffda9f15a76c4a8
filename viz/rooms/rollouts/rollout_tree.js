const box = element.querySelector(".scroll");
const told = element.querySelector(".told");
const SVG = "http://www.w3.org/2000/svg";

const shape = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

let groups = []; // one per branch
let stop = 0; // the branch that Tab reaches
const branches = () => props.value?.branches ?? [];

function text(label, times) {
  const spans = label.startsWith("␣") ? [shape("tspan", { class: "space" }, "␣"), label.slice(1)] : [label];
  spans.unshift("\u2068"); // the label keeps its own direction, beside the number behind it as well
  spans.push("\u2069");
  return times ? [...spans, shape("tspan", { class: "times", dx: 6 }, times)] : spans;
}

function bend({ from_x, from_y, x, y, thick }) {
  const middle = (from_x + x) / 2;
  return shape("path", { d: `M${from_x},${from_y}C${middle},${from_y} ${middle},${y} ${x},${y}`, "stroke-width": thick });
}

function group(branch, index) {
  const { x, y, length, thick, label, times, title } = branch;
  const level = shape("path", { d: `M${x},${y}h${length}`, "stroke-width": thick });
  const name = shape("text", { x: x + 2, y: y - thick / 2 - 5 }, ...text(label, times));
  const area = shape("rect", { x, y: y - thick / 2 - 17, width: length, height: thick + 20, class: "area" });
  const role = { role: "treeitem", tabindex: -1, "aria-label": title, "data-branch": index };
  return shape("g", role, shape("title", {}, title), bend(branch), level, area, name);
}

function trunk({ label, x, y, length, thick }) {
  const level = shape("path", { d: `M${x},${y}h${length}`, "stroke-width": thick });
  return shape("g", { class: "trunk", "aria-hidden": "true" }, level, shape("text", { x: x + 2, y: y - thick / 2 - 5 }, label));
}

function light(index) { // the way from the beginning to a branch
  const way = new Set();
  for (let at = index; at !== null && at !== undefined; at = branches()[at].parent) way.add(at);
  groups.forEach((one, at) => one.classList.toggle("lit", way.has(at)));
  told.replaceChildren(...prose(index === null ? props.value?.note : branches()[index].title.replaceAll("\n", " · ")));
}

function reach(index) {
  groups[stop]?.setAttribute("tabindex", -1);
  stop = index;
  groups[stop]?.setAttribute("tabindex", 0);
}

function draw() {
  const value = props.value;
  const held = box.contains(document.activeElement);
  groups = branches().map(group);
  if (!value?.branches) box.replaceChildren();
  else {
    const size = { width: value.width, height: value.height, viewBox: `0 0 ${value.width} ${value.height}` };
    const back = [...groups].reverse(); // what comes first lies on top
    box.replaceChildren(shape("svg", { ...size, role: "tree", translate: "no", "aria-label": words.tree }, trunk(value.trunk), ...back));
  }
  reach(Math.max(0, Math.min(stop, groups.length - 1)));
  light(null);
  if (held) groups[stop]?.focus({ preventScroll: true });
}

function walk(key, index) {
  const all = branches();
  const same = all.flatMap((one, at) => (one.parent === all[index].parent ? [at] : []));
  const place = same.indexOf(index);
  if (key === "ArrowLeft") return all[index].parent;
  if (key === "ArrowRight") return all.findIndex((one) => one.parent === index);
  if (key === "ArrowUp") return same[place - 1];
  if (key === "ArrowDown") return same[place + 1];
  if (key === "Home") return 0;
  if (key === "End") return all.length - 1;
}

const branchOf = (target) => target.closest?.("[data-branch]")?.dataset.branch;
const at = (event) => (branchOf(event.target) === undefined ? null : Number(branchOf(event.target)));

box.addEventListener("pointerover", (event) => at(event) !== null && light(at(event)));
box.addEventListener("pointerleave", () => light(box.contains(document.activeElement) ? stop : null));
box.addEventListener("click", (event) => at(event) !== null && groups[at(event)].focus());
box.addEventListener("focusin", (event) => {
  if (at(event) === null) return;
  reach(at(event));
  light(stop);
});
box.addEventListener("focusout", () => light(null));
box.addEventListener("keydown", (event) => {
  if (at(event) === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = walk(event.key, at(event));
  if (next === undefined && !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  event.stopPropagation();
  if (next !== null && next >= 0) groups[next].focus();
});

watch("value", draw);
draw();
