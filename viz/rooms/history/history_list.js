const root = element.querySelector(".history");
const LONGEST = 140; // characters of a text that a row shows
const LONGEST_MODEL = 60;
const PAUSE = 1000; // ms between two savings of a text that grows
const TYPING = 400; // ms after the last key
const NO_TEXT = "\u2014";

let here = ""; // the model of the server
let before = pageOfTab().current; // id of the text that the page showed before
let last = null; // id of the value that was taken last
let waiting = null; // a value that is not saved yet
let saving = 0;
let editing = null; // {id, text}: the name that is being typed
let taken = []; // entries that Undo brings back
let said = "";
let asking = false; // whether all are to be deleted
let forgotten = false; // whether the server has, and the texts of the tab are to be sent
let drawing = false;
const gone = new Set(); // deleted by hand, though it may stand on the page

const send = (action, detail) => document.dispatchEvent(new CustomEvent("branch-action", { detail: { action, ...detail } }));
const button = (kind, text, does, more = {}) => {
  const made = make("button", { type: "button", class: kind, ...more }, text);
  made.addEventListener("click", does);
  return made;
};
const short = (text) => ([...text].length > LONGEST ? [...text].slice(0, LONGEST).join("") + "…" : text);
const textOf = (run) => run.prompt + run.steps.map((step) => step.text).join("");
const nameOf = (entry) => entry.name || short(textOf(entry.run).replace(/\s+/g, " ").trim()) || NO_TEXT;
const modelOf = (run) => run.model.split("@")[0].slice(0, LONGEST_MODEL);
const filled = (sentence, values) => sentence.replace(/%(\w+)%/g, (all, name) => String(values[name] ?? all)); // a function: `$&` stands for nothing
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// Taking what the page shows

function take() {
  const value = props.value;
  if (typeof value?.model === "string" && value.model) here = value.model;
  if (value?.run) {
    waiting = value;
    saving ||= setTimeout(save, last === null ? 0 : PAUSE);
  }
  restore();
  draw();
}

function save() {
  clearTimeout(saving);
  saving = 0;
  const value = waiting;
  waiting = null;
  if (!value) return;
  const news = value.id !== last;
  last = value.id;
  const run = runOf(value);
  keepPage(value, run);
  if (news) remember(value, run);
  before = value.id;
}

function remember({ id, page }, run) {
  if (!lasting || gone.has(id) || !run.steps.length) return;
  const all = entries();
  const longer = all.some((one) => one.id === id || (one.run.steps.length > run.steps.length && begins(one.run, run)));
  if (longer) return;
  const grown = all.find((one) => one.id === before && !page.some((text) => text.id === before) && begins(run, one.run));
  const there = keepEntry(id, { at: Date.now(), name: grown?.name ?? "", run }, grown?.id);
  if (!there) said = words.full;
  draw();
}

function restore() {
  if (!forgotten || !here) return;
  forgotten = false;
  const text = fileOfPage(here);
  if (text !== null) send("restore", { text });
  else if (pageOfTab().texts.length) said = words.not_restored;
}

// One row

function field(entry) {
  const input = make("input", { type: "text", class: "naming", dir: "auto", maxlength: words.most_name, "aria-label": words.name });
  input.value = editing.text;
  input.addEventListener("input", () => (editing.text = input.value));
  input.addEventListener("blur", () => editing && !drawing && document.contains(input) && rename(entry.id, true));
  input.addEventListener("keydown", (event) => {
    if (composing(event) || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // Escape does not stop the text
    rename(entry.id, event.key === "Enter");
  });
  return input;
}

function rowOf(entry) {
  const { run } = entry;
  const foreign = here && run.model !== here;
  const facts = [dates.format(entry.at), filled(words.tokens, { count: idsOf(run).length }), modelOf(run)];
  const name = entry.name ? make("b", { class: "name", dir: "auto" }, entry.name, " ") : null;
  const text = verbatim("span", { class: "words" }, short(textOf(run).trim()) || NO_TEXT);
  const why = foreign ? make("span", { class: "why" }, filled(words.foreign, { other: modelOf(run), here: here.split("@")[0] })) : null;
  const open = button("open", "", () => send("open", { text: JSON.stringify(run) }), { title: foreign ? null : words.open, disabled: foreign, "data-part": "open" });
  open.append(...[name, text].filter(Boolean));
  const icon = (kind, label, sign, does) => button(kind, sign, does, { title: label, "aria-label": `${label}: ${nameOf(entry)}`, "data-part": kind });
  return make(
    "li",
    { class: foreign ? "foreign" : "", "data-run": entry.id },
    make("span", { class: "what" }, editing?.id === entry.id ? field(entry) : open, " ", make("span", { class: "facts-of" }, facts.join(" · ")), " ", why),
    make("span", { class: "acts" },
      icon("rename", words.rename, "✎", () => edit(entry)), icon("delete", words.delete, "✕", () => drop([entry], filled(words.deleted, { name: nameOf(entry) }))))
  );
}

function typedRow({ key, text }) {
  return make("li", { class: "typed", "data-typed": key },
    make("span", { class: "what" }, make("span", { class: "facts-of" }, words.typed), " ", verbatim("span", { class: "words" }, short(text.trim()))),
    make("span", { class: "acts" }, button("pill use", words.use, () => usePrompt(text)),
      button("delete", "✕", () => { removed(lasting, key); draw(); }, { title: words.discard, "aria-label": `${words.discard}: ${short(text.trim())}` })));
}

// All of them

const line = make("p", { class: "said", role: "status" });
const tools = make("div", { class: "history-tools" });
const list = make("ul", { class: "entries", "aria-label": words.list });
root.append(tools, line, list);

function draw() {
  const marked = document.activeElement;
  const place = root.contains(marked) ? [marked.closest("li")?.dataset.run, marked.dataset.part] : null;
  const input = list.querySelector("input.naming");
  const caret = input && [input.selectionStart, input.selectionEnd];
  const all = entries();
  const prompt = promptField()?.value ?? "";
  const unsent = typedTexts().filter(({ text }) => text !== prompt && !all.some(({ run }) => run.prompt === text));
  drawing = true;
  drawTools(all);
  drawLine();
  list.replaceChildren(...unsent.map(typedRow), ...all.map(rowOf));
  if (!list.childElementCount) list.append(make("li", { class: "say" }, lasting ? words.empty : words.blocked));
  drawing = false;
  if (editing) {
    const again = list.querySelector("input.naming");
    again?.focus({ preventScroll: true });
    if (caret) again?.setSelectionRange(...caret);
  } else if (place?.[0]) focusOn(...place);
}

function drawTools(all) {
  if (!all.length) return tools.replaceChildren();
  const ask = asking
    ? [make("span", { class: "ask", role: "alert" }, filled(words.clear_ask, { count: all.length })),
      button("pill large yes", words.clear_yes, () => { asking = false; drop(all, words.deleted_all); }),
      button("pill large no", words.clear_no, () => { asking = false; draw(); tools.querySelector(".clear")?.focus(); })]
    : [button("pill large clear", words.clear, () => { asking = true; draw(); tools.querySelector(".no")?.focus(); })];
  tools.replaceChildren(button("pill large save", words.save, saveAll), ...ask);
}

function drawLine() {
  line.replaceChildren(said ? make("span", { dir: "auto" }, said) : "", taken.length ? button("pill undo", words.undo, bringBack) : "");
}

function focusOn(id, part) {
  const row = [...list.children].find((one) => one.dataset.run === id);
  (row?.querySelector(`[data-part="${part}"]`) ?? row?.querySelector("button"))?.focus({ preventScroll: true });
}

// What a person does

function edit(entry) {
  editing = { id: entry.id, text: entry.name };
  draw();
  list.querySelector("input.naming")?.select();
}

function rename(id, wanted) {
  const { text } = editing;
  editing = null;
  const entry = entryOf(id);
  if (wanted && entry && text.trim() !== entry.name && !keepEntry(id, { ...entry, name: text.trim() })) said = words.full;
  draw();
  focusOn(id, "rename");
}

function drop(some, sentence) {
  taken = some;
  said = sentence;
  for (const { id } of some) {
    gone.add(id);
    removed(lasting, ENTRY + id);
  }
  draw();
  line.querySelector(".undo")?.focus();
}

function bringBack() {
  const some = taken;
  [taken, said] = [[], ""];
  for (const entry of some) {
    gone.delete(entry.id);
    if (!keepEntry(entry.id, entry)) said = words.full;
  }
  draw();
  focusOn(some[0].id, "open");
}

function saveAll() { // a file of texts is of one model
  const all = entries();
  for (const model of new Set(all.map(({ run }) => run.model))) {
    const some = all.filter(({ run }) => run.model === model);
    const runs = some.map(({ name, run }, key) => ({ key, name, parent: null, at: 0, run }));
    const stem = model.split("@")[0].replace(/[^\p{L}\p{N}.-]+/gu, "-").slice(0, LONGEST_MODEL);
    offer(JSON.stringify({ schema: 1, model, runs, current: 0 }), "application/json", `gpt-inside-out-history-${stem}.json`);
  }
}

// The prompt that is being typed

const promptField = () => document.querySelector("#prompt textarea");
const TAB = "gpt-inside-out-tab";
const tab = fetched(ofTab, TAB)?.slice(0, 16) || Math.random().toString(36).slice(2, 12);
if (ofTab) stored(ofTab, TAB, tab);
let typing = 0;

function typed({ target }) {
  if (!element.isConnected) return document.removeEventListener("input", typed);
  if (target !== promptField()) return;
  clearTimeout(typing);
  typing = setTimeout(() => keepTyped(tab, promptField()?.value ?? ""), TYPING);
}

function usePrompt(text) {
  const area = promptField();
  if (!area) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  draw();
  area.focus();
}

function leaving() {
  if (!element.isConnected) return removeEventListener("pagehide", leaving);
  if (typing) keepTyped(tab, promptField()?.value ?? "");
  save();
}
function lost() {
  if (!element.isConnected) return document.removeEventListener("texts-forgotten", lost);
  forgotten = true;
  restore();
}
function elsewhere(event) { // another tab has changed something
  if (!element.isConnected) return removeEventListener("storage", elsewhere);
  if (event.key === null || event.key.startsWith(ENTRY) || event.key.startsWith(TYPED)) redraw();
}
const redraw = betweenCharacters(root, draw);
document.addEventListener("texts-forgotten", lost);
document.addEventListener("input", typed);
addEventListener("pagehide", leaving);
addEventListener("storage", elsewhere);
watch("value", take);
take();
