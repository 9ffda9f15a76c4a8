const root = element.querySelector(".chain-table");
const says = element.querySelector(".order-says");

let sent = 0; // serial of the newest change made here: answers to earlier ones are not drawn
let dragged = null; // the row that a finger or a mouse holds
let late = false; // a value came meanwhile, or while a number is half typed
let said = ""; // what the order changes
let open = false; // the fold with the other stages
const before = {}; // values of stages that were switched off here, by name

const current = () => props.value || { stages: [], off: [] };
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

function change(detail) {
  sent = Math.max(sent, current().serial) + 1;
  root.classList.add("waiting");
  tell("chain-change", detail);
}

function put(row, number) {
  if (row.kind === "dial") return tell("chain-dials", { [row.name]: number });
  change({ set: { [row.name]: number === row.off ? null : number } });
}

function turn(row) {
  const on = row.numbers === null;
  if (row.kind === "chips") return change({ logit_bias: {} });
  if (!on) before[row.name] = Number(row.value);
  put(row, on ? (before[row.name] ?? row.start) : row.off);
}

function typed(row, input, changed) {
  const number = Math.min(row.high, Math.max(row.low, Number(input.value)));
  if (input.value === "" || Number.isNaN(number)) input.value = row.value;
  else changed(number);
}

// The order

const rows = () => [...root.querySelectorAll("tr[data-stage]")];
const order = () => rows().map((row) => row.dataset.stage);
const shown = () => current().stages.map((row) => row.name);

function arranged() {
  if (order().join() !== shown().join() || root.classList.contains("waiting")) change({ order: order() });
}

// The neighbour moves, not the row: a row that is taken out of the page loses its focus and the pointer.
function pass(row, step) {
  const all = rows();
  const other = all[all.indexOf(row) + step];
  if (!other) return false;
  if (step < 0) row.after(other);
  else row.before(other);
  return true;
}

function drag(event) {
  const middle = (row) => row.getBoundingClientRect().top + row.offsetHeight / 2;
  for (const step of [-1, 1]) {
    let other = rows()[rows().indexOf(dragged) + step];
    while (other && (event.clientY - middle(other)) * step > 0) {
      pass(dragged, step);
      other = rows()[rows().indexOf(dragged) + step];
    }
  }
}

function drop(event) {
  if (!dragged) return;
  dragged.classList.remove("dragged");
  dragged = null;
  if (event.type === "pointerup") arranged();
  if (late || event.type !== "pointerup") draw();
}

function handle(row) {
  const label = words.move.replace("%s", row.label);
  const made = make("button", { type: "button", class: "handle", title: label, "aria-label": label, "data-key": `move ${row.name}` }, "⠿");
  made.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    made.setPointerCapture(event.pointerId);
    dragged = made.closest("tr");
    dragged.classList.add("dragged");
  });
  made.addEventListener("pointermove", (event) => dragged && drag(event));
  made.addEventListener("pointerup", drop);
  made.addEventListener("pointercancel", drop);
  made.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (pass(made.closest("tr"), step)) arranged();
  });
  return made;
}

// The parts of a row

function switchOf(row) {
  const on = row.numbers !== null;
  const nothing = !on && row.kind === "chips"; // it is switched on in the table of tokens
  const made = make("button", {
    type: "button", class: "switch", role: "switch", "aria-checked": String(on), "aria-label": row.label,
    title: on ? words.off : words.on, disabled: nothing, "data-key": `turn ${row.name}`,
  });
  made.addEventListener("click", () => turn(row));
  return made;
}

// A second number of a stage: the usual one is not kept among what is set.
function box(one) {
  const field = numberField(one, one.label, (number) => change({ set: { [one.name]: number === one.usual ? null : number } }));
  return make("label", { class: "box" }, one.label, field);
}

function numberField(row, label, changed) {
  const made = make("input", {
    type: "number", value: row.value, min: row.low, max: row.high, step: row.step,
    "aria-label": words.input.replace("%s", label), "data-key": `type ${row.name}`,
  });
  made.addEventListener("change", () => {
    made.defaultValue = made.value; // typed to its end
    typed(row, made, changed);
  });
  made.addEventListener("blur", () => late && draw());
  return made;
}

function valueOf(row) {
  if (row.kind === "chips") return make("span", { class: "chips-in" }, ...row.chips.map((one) => biasChip(one, words.remove)));
  if (row.kind === "dial") return make("span", { class: "dialled", title: words.dial }, row.value);
  const field = numberField(row, row.label, (number) => put(row, number));
  const note = row.note ? make("small", { class: "note" }, row.note) : "";
  return row.more.length ? make("span", { class: "boxes" }, field, ...row.more.map(box), note) : field;
}

function cell(kind, label, ...inside) {
  return make("td", { class: kind, "data-label": label }, ...inside);
}

function numbers(some) {
  const chosen = some.gone ? make("span", { class: "gone", title: words.gone }, "–")
    : some.struck ? make("span", {}, make("s", {}, some.struck), make("span", { class: "flag" }, ` ${words.cut}`)) : some.chosen;
  const bar = make("span", { class: "mass" }, make("i", { style: `--p:${some.mass}` }), some.mass_text);
  const own = some.own_mass ? make("span", { class: "own", title: words.own_mass_title }, some.own_mass) : "";
  return [
    cell("n", words.kept, some.kept),
    cell("m", words.mass, bar, own),
    cell("n", words.entropy, some.entropy),
    cell("n chosen", current().token, chosen),
  ];
}

function stageRow(row) {
  const kind = row.numbers.struck ? "cuts" : "";
  const name = make("th", { scope: "row", class: "stage", title: row.title }, row.label);
  const set = cell("set", "", valueOf(row));
  return make("tr", { "data-stage": row.name, class: kind },
    cell("tools", "", make("span", { class: "tools-in" }, handle(row), switchOf(row))), name, set, ...numbers(row.numbers));
}

function endRow(kind, label, title, some) {
  return make("tr", { class: kind }, cell("tools", ""), make("th", { scope: "row", class: "stage", title }, label), cell("set", ""), ...numbers(some));
}

function table(value) {
  const column = (text, kind, title) => make("th", { scope: "col", class: kind, title }, text);
  const mass = make("span", {}, words.mass, make("small", {}, words.mass_of));
  const head = make("tr", {}, make("th", { scope: "col", "aria-label": words.tools }), column(words.stage, "stage"), column(words.value, "set"), column(words.kept, "n"),
    column(mass, "m", words.mass_title), column(words.entropy, "n"), column(verbatim("span", { class: "name" }, value.token), "n chosen", value.followed));
  const body = [
    endRow("end", words.model, words.model_title, value.model),
    ...value.stages.map(stageRow),
    endRow("end dice", words.dice, words.dice_title, value.dice),
  ];
  return make("table", { class: "chain" }, make("caption", {}, words.caption), make("thead", {}, head), make("tbody", {}, ...body));
}

function fold(value) {
  const one = (row) => make("li", { "data-off": row.name, title: row.title }, switchOf(row),
    make("span", {}, make("b", {}, row.label), ` ${row.kind === "chips" ? words.no_bias : row.say}`));
  const made = make("details", { class: "more-stages", open }, make("summary", { "data-key": "fold" }, words.more.replace("%s", value.off.length)),
    make("ul", {}, ...value.off.map(one)));
  made.addEventListener("toggle", () => (open = made.open));
  return made;
}

function reset(value) {
  if (!value.changed) return "";
  const made = make("button", { type: "button", class: "pill reset", "data-key": "reset" }, words.reset);
  made.addEventListener("click", () => change({ order: null, values: {}, logit_bias: {} }));
  return made;
}

// A field that is replaced tells that it has changed: what stands in it by then would be taken for the number that is meant.
function halfTyped() {
  const field = document.activeElement;
  return root.contains(field) && field.tagName === "INPUT" && field.value !== field.defaultValue;
}

function draw() {
  const value = props.value;
  late = dragged !== null || halfTyped();
  if (late) return;
  if (!value || !value.stages) return root.replaceChildren(make("p", { class: "say" }, words.empty));
  if (value.serial < sent) return;
  sent = value.serial;
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  root.classList.remove("waiting");
  root.replaceChildren(make("div", { class: "scroll" }, table(value)), make("div", { class: "below" }, fold(value), reset(value)));
  if (said !== value.sentence) says.replaceChildren(...prose(value.sentence));
  said = value.sentence;
  const again = focused?.dataset.key && root.querySelector(`[data-key="${CSS.escape(focused.dataset.key)}"]`);
  if (again) again.focus({ preventScroll: true });
}

watch("value", betweenCharacters(root, draw));
draw();
