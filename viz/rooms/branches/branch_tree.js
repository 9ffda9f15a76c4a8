const root = element.querySelector(".branches");
const MOST_LEVELS = 8; // rows that stand under more are not indented further

let editing = null; // {key, text}: the name that is being typed
let stop = null; // key of the branch that Tab reaches
let drawing = false; // a field that is replaced loses the focus, which ends no name
let shown = null; // key of the branch on the page

const send = (action, detail = {}) => document.dispatchEvent(new CustomEvent("branch-action", { detail: { action, ...detail } }));
const rows = () => (props.value && props.value.rows) || [];
const branches = () => rows().filter((row) => row.key !== null);
const itemOf = (key) => (key === null ? null : tree.querySelector(`[data-key="${key}"]`));

const alert = make("p", { class: "notice problem", role: "alert", hidden: true });
const file = make("input", { type: "file", accept: ".json,application/json", hidden: true, tabindex: -1 });
const tool = (kind, text, does) => {
  const button = make("button", { type: "button", class: `pill large ${kind}` }, text);
  button.addEventListener("click", does);
  return button;
};
const opener = tool("open", words.open, () => file.click());
opener.id = "open-file";
const toolbar = make(
  "div",
  { class: "branch-files" },
  tool("save-branches", words.save_branches, () => send("save", { what: "branches" })),
  tool("save-text", words.save_text, () => send("save", { what: "text" })),
  opener,
  file
);
const empty = make("p", { class: "say" }, words.empty);
const keys = make("p", { class: "say keys" }, words.keys);
const tree = make("ul", { class: "tree", role: "tree", "aria-label": words.tree });
const comparison = make("div", { class: "comparison" });
root.append(toolbar, alert, empty, tree, keys, comparison);

// One row

function icon(kind, label, sign) {
  return make("button", { type: "button", class: kind, title: label, "aria-label": label, tabindex: -1 }, sign);
}

function buttons(row) {
  const compare = row.compared ? icon("compare on", words.uncompare, "⇄") : icon("compare", words.compare, "⇄");
  return make(
    "span",
    { class: "acts" },
    row.current ? null : compare,
    icon("rename", words.rename, "✎"),
    branches().length > 1 ? icon("delete", words.delete, "✕") : null
  );
}

function field(row) {
  const input = make("input", { type: "text", class: "naming", dir: "auto", maxlength: words.most_name, "aria-label": words.name, placeholder: row.called });
  input.value = editing.text;
  input.addEventListener("input", () => (editing.text = input.value));
  input.addEventListener("blur", () => editing && !drawing && document.contains(input) && finish(true));
  return input;
}

function owner(row) {
  if (row.key === null) return [make("span", { class: "facts-of" }, row.facts)];
  const name = make("span", { class: row.name ? "name" : "name none" }, row.name || row.called);
  return [
    editing?.key === row.key ? field(row) : name,
    " ", // parts the words for those who listen or copy
    row.current ? make("span", { class: "here" }, words.current) : null,
    " ",
    make("span", { class: "facts-of", title: row.title }, row.facts),
    buttons(row),
  ];
}

function forkOf(fork) {
  const sign = fork.forced ? make("span", { class: "hand", role: "img", "aria-label": words.forced }, "✋") : null;
  return make("span", { class: "fork", title: fork.title }, sign, verbatim("b", {}, fork.token), " ", make("span", { class: "p" }, fork.probability));
}

function stretch(row) {
  if (!row.fork && !row.prompt && !row.text) return make("span", { class: "stretch ends" }, words.ends);
  const before = [row.fork ? forkOf(row.fork) : null, row.fork ? " " : null, row.prompt ? make("span", { class: "prompt" }, row.prompt) : null];
  return verbatim("span", { class: "stretch" }, ...before, make("span", {}, row.text));
}

function labelOf(row) { // what can be read there, in the same order: those who speak to their machine say what they see
  const { fork } = row;
  const text = `${row.prompt}${row.text}` || (fork ? "" : words.ends);
  const begins = fork ? [fork.forced && words.forced, fork.token, fork.probability] : [];
  return [...begins, text, row.name || row.called, row.current && words.current, row.facts].filter(Boolean).join(", ");
}

function itemFor(row) {
  const line = make("div", { class: "row" }, stretch(row), " ", make("span", { class: "owner" }, ...owner(row)));
  if (row.key === null) return make("li", { role: "treeitem", "aria-expanded": "true", class: "several" }, line);
  const kind = ["one", row.current && "current", row.compared && "compared"].filter(Boolean).join(" ");
  return make(
    "li",
    { role: "treeitem", class: kind, "data-key": row.key, tabindex: -1, "aria-label": labelOf(row), "aria-selected": String(row.current) },
    line
  );
}

// All of them

function outline() {
  const open = []; // the items that the next one may stand under
  const top = [];
  for (const row of rows()) {
    const item = itemFor(row);
    open.length = row.level;
    const above = open[row.level - 1];
    if (above) {
      const group = above.querySelector(":scope > ul") ?? above.appendChild(make("ul", { role: "group", class: row.level > MOST_LEVELS ? "flat" : "" }));
      group.append(item);
    } else top.push(item);
    open[row.level] = item;
  }
  return top;
}

function enter(key) { // one stop for Tab: the row, and the buttons in it
  for (const item of tree.querySelectorAll("[data-key]")) {
    const here = Number(item.dataset.key) === key;
    item.tabIndex = here ? 0 : -1;
    for (const button of item.querySelectorAll(":scope > .row button")) button.tabIndex = here ? 0 : -1;
  }
  stop = key;
}

function show(item) { // within the outline's own box; the page stays where it is
  if (!item) return;
  const box = tree.getBoundingClientRect();
  const at = item.getBoundingClientRect();
  if (at.top < box.top) tree.scrollTop -= box.top - at.top + 8;
  else if (at.bottom > box.bottom) tree.scrollTop += at.bottom - box.bottom + 8;
}

function draw() {
  const value = props.value;
  const focused = tree.contains(document.activeElement);
  const known = branches().map((row) => row.key);
  const current = branches().find((row) => row.current)?.key ?? null;
  if (editing && !known.includes(editing.key)) editing = null;
  empty.hidden = !(value && value.alone);
  keys.hidden = known.length < 2;
  const scrolled = tree.scrollTop;
  const marked = marks();
  drawing = true;
  tree.replaceChildren(...outline());
  drawing = false;
  tree.scrollTop = scrolled;
  if (current !== shown) show(itemOf(current));
  shown = current;
  enter(focused && known.includes(stop) ? stop : current);
  if (editing) edit(marked);
  else if (focused) itemOf(stop)?.focus({ preventScroll: true });
  drawComparison(value && value.comparison);
}

// Two of them

function passage(part, kind) {
  const text = verbatim("p", { class: "passage" }, make("span", { class: "common" }, part.shared), make("mark", {}, part.text));
  return make("section", { class: kind }, make("h4", {}, part.name), text);
}

function numbers(parts) {
  const cell = (text) => make("td", { class: "n" }, text);
  const head = make("tr", {}, ...[words.part, words.tokens, words.logprob, words.perplexity].map((text, index) => make("th", { scope: "col", class: index ? "n" : "" }, text)));
  const body = parts.map((part) => make("tr", {}, make("th", { scope: "row" }, part.name), cell(part.tokens), cell(part.logprob), cell(part.perplexity)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

function drawComparison(value) {
  comparison.replaceChildren();
  if (!value) return;
  const [, ours, theirs] = value.parts;
  const close = tool("close", words.close, () => send("compare", { key: null }));
  comparison.append(
    make("div", { class: "head" }, make("h3", {}, words.against), close),
    make("p", { class: "say" }, ...prose(value.say)),
    make("div", { class: "both" }, passage(ours, "ours"), passage(theirs, "theirs")),
    numbers(value.parts)
  );
}

// What a person does

function marks() { // where the caret stands in the name that is being typed, and what is marked in it
  const { selectionStart, selectionEnd, selectionDirection } = tree.querySelector("input.naming") ?? {};
  return selectionStart === undefined ? null : [selectionStart, selectionEnd, selectionDirection];
}

function edit(marked) {
  const input = itemOf(editing.key)?.querySelector("input.naming");
  input?.focus({ preventScroll: true });
  if (marked) input?.setSelectionRange(...marked);
}

function rename(key) {
  const row = branches().find((one) => one.key === key);
  if (!row) return;
  editing = { key, text: row.name };
  draw();
  itemOf(key).querySelector("input.naming").select();
}

function finish(keep) {
  const { key, text } = editing;
  const inside = tree.contains(document.activeElement);
  editing = null;
  const row = branches().find((one) => one.key === key);
  if (keep && row && text.trim() !== row.name) {
    row.name = text.trim(); // until the answer is there
    send("name", { key, name: text.trim() });
  }
  draw();
  if (inside) focusOn(key);
}

function focusOn(key) {
  enter(key);
  itemOf(key)?.focus();
}

function act(item, button) {
  const key = Number(item.dataset.key);
  enter(key);
  if (!button) send("walk", { key });
  else if (button.classList.contains("rename")) rename(key);
  else if (button.classList.contains("delete")) send("delete", { key });
  else send("compare", { key: button.classList.contains("on") ? null : key });
}

function aimed(key, event) {
  const all = branches().map((row) => row.key);
  const at = all.indexOf(key);
  const place = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  return place === undefined ? null : all[Math.min(Math.max(place, 0), all.length - 1)];
}

function onKey(event) {
  if (composing(event) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.matches("input.naming")) {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      finish(event.key === "Enter");
    }
    return;
  }
  if (!event.target.matches("[data-key]")) return; // a button knows what to do
  const key = Number(event.target.dataset.key);
  const to = aimed(key, event);
  if (to !== null) focusOn(to);
  else if (event.key === "Enter" || event.key === " ") send("walk", { key });
  else if (event.key === "F2") rename(key);
  else if (event.key === "Delete") send("delete", { key });
  else return;
  event.preventDefault();
}

function warn(text) {
  alert.textContent = text;
  alert.hidden = !text;
}

async function read(chosen) {
  warn("");
  if (chosen.size > Number(words.most_bytes)) return warn(words.too_large);
  try {
    send("open", { text: await chosen.text() });
  } catch {
    warn(words.unreadable);
  }
}

// A file that is let go anywhere over the page

const dropping = make("p", { class: "dropping", "aria-hidden": "true", hidden: true }, words.drop);
(element.closest(".gradio-container") ?? document.body).append(dropping);
let staying = 0;
const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

function over(event) {
  if (!element.isConnected) return leave();
  if (!holdsFile(event)) return; // text that is dragged goes where the browser puts it
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  dropping.hidden = false;
  clearTimeout(staying);
  staying = setTimeout(() => (dropping.hidden = true), 400); // it has left the window, which tells nothing
}

function dropped(event) {
  if (!holdsFile(event)) return;
  event.preventDefault();
  dropping.hidden = true;
  const [chosen] = event.dataTransfer.files;
  if (!chosen) return;
  const drawer = document.getElementById("texts-button");
  if (chosen.size > Number(words.most_bytes) && drawer?.getAttribute("aria-expanded") !== "true") drawer?.click(); // where it is said
  read(chosen);
}

function leave() {
  document.removeEventListener("dragover", over);
  document.removeEventListener("drop", dropped);
  dropping.remove();
}
document.addEventListener("dragover", over);
document.addEventListener("drop", dropped);

tree.addEventListener("click", (event) => {
  const item = event.target.closest("[data-key]");
  if (item && !event.target.matches("input")) act(item, event.target.closest("button"));
});
tree.addEventListener("keydown", onKey);
file.addEventListener("change", () => {
  const [chosen] = file.files;
  if (chosen) read(chosen);
  file.value = "";
});
watch("value", betweenCharacters(root, draw));
draw();
