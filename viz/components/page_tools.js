const present = element.querySelector("#present");
const tone = element.querySelector(".tone");
const help = element.querySelector(".help");
const keys = element.querySelector(".keys");
const root = () => element.closest(".gradio-container");
const isDark = () => document.body.classList.contains("dark");
const TYPED = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=listbox], [role=combobox], [role=radio], dialog[open]";

function name(button, sign, label) {
  button.textContent = sign;
  button.title = label;
  button.setAttribute("aria-label", label);
}

function dress(dark) {
  document.body.classList.toggle("dark", dark);
  name(tone, dark ? "☀" : "☾", dark ? words.light : words.dark);
}

function turn() {
  dress(!isDark());
  try {
    localStorage.setItem(words.tone, isDark() ? "dark" : "light");
  } catch {
    // forbidden: the choice lasts as long as the page
  }
}

function recall() { // an address that names a theme goes before what was chosen once
  if (new URLSearchParams(location.search).has("__theme")) return isDark();
  try {
    const chosen = localStorage.getItem(words.tone);
    return chosen ? chosen === "dark" : isDark();
  } catch {
    return isDark();
  }
}

function show(presenting) {
  root()?.classList.toggle("presenting", presenting);
  present.setAttribute("aria-pressed", String(presenting));
  present.textContent = presenting ? words.leave : words.present;
  if (presenting) document.dispatchEvent(new CustomEvent("place-wanted", { detail: { page: "explore" } }));
  dispatchEvent(new Event("resize")); // figures take the room that there is now
}

function list() {
  const rows = words.rows.split("\n").map((row) => row.split("\t"));
  const close = make("button", { type: "button", class: "close" }, words.close);
  close.addEventListener("click", () => keys.close());
  const named = rows.map(([pressed, does]) => make("div", {}, make("dt", {}, ...pressed.split(" ").map((key) => make("kbd", {}, key))), make("dd", {}, does)));
  keys.replaceChildren(make("h2", {}, words.keys_title), make("dl", {}, ...named), close);
  keys.setAttribute("aria-label", words.keys_title);
  keys.showModal();
}

const pageAt = (number) => document.querySelectorAll("#places [data-page]")[number - 1];
const isPresenting = () => Boolean(root()?.classList.contains("presenting"));
const pressed = (id) => () => document.getElementById(id)?.click();
const ACTS = { "?": list, p: () => show(!isPresenting()), t: turn, s: pressed("step") };

function press(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", press);
  if (event.defaultPrevented || composing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest?.(TYPED)) return;
  if (event.key === "Escape" && isPresenting() && document.getElementById("stop")?.disabled !== false) return show(false); // else it stops the text
  const act = ACTS[event.key.toLowerCase()] ?? (/^[1-9]$/.test(event.key) && pageAt(Number(event.key)) ? () => pageAt(Number(event.key)).click() : null);
  if (!act) return;
  event.preventDefault();
  act();
}

// One stop for Tab; the arrows move within.
const tools = [...element.querySelectorAll(".page-tools > button")];
element.querySelector(".page-tools").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const at = tools.indexOf(event.target);
  if (!step || at < 0) return;
  event.preventDefault();
  event.stopPropagation(); // the arrows of the text are others
  const next = tools[(at + step + tools.length) % tools.length];
  for (const tool of tools) tool.tabIndex = tool === next ? 0 : -1;
  next.focus();
});
tools.forEach((tool, index) => (tool.tabIndex = index ? -1 : 0));
element.querySelector(".page-tools").setAttribute("aria-label", words.tools);

present.title = words.present_title;
present.addEventListener("click", (event) => {
  show(!isPresenting());
  if (event.detail) present.blur(); // after a press by pointer the arrows are those of the text
});
tone.addEventListener("click", turn);
help.addEventListener("click", list);
name(help, "?", words.keys);
document.addEventListener("keydown", press);
show(false);
dress(recall());
