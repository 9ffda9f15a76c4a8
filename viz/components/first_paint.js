// The page's own first text and the table of its selected token, drawn before Gradio has put its components there; then both make
// way for those.
const box = document.querySelector(".first-paint");
const PATIENCE = 30000; // ms after which it is said that the rest has not come
const { parts } = words; // ids of what stands around the text: it comes piece by piece
const table = box.querySelector(".next-token");
const asked = new URLSearchParams(location.search);
let waiting = 0;
let wanted = null; // the token that was clicked before the strip was there
let pressed = null; // the token that is selected
let answers = null; // the tables of all tokens, fetched when a pointer comes near

function kept(store, name) {
  try {
    return window[store].getItem(name);
  } catch {
    return null; // forbidden
  }
}

function isDark() { // as Gradio and the button of the page have it
  const named = asked.get("__theme");
  const chosen = named ?? kept("localStorage", words.tone);
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function selectedAt() { // as the address has it
  const at = Number.parseInt(asked.get("at"), 10);
  return at > 0 ? at : text.selected;
}

function press(index) {
  pressed = index;
  box.querySelector("[aria-pressed=true]")?.setAttribute("aria-pressed", false);
  box.querySelector(`[data-index="${index}"], [data-next="${index}"]`)?.setAttribute("aria-pressed", true);
}

const valueOf = (id) => window.gradio_config?.components?.find(({ props }) => props.elem_id === id)?.props.value;
const show = (value) => table.replaceChildren(...(value ? tokenTable(words.table).answer(value, null) : []));
const fetched = () => (answers ??= fetch(`${window.gradio_config.root}/${words.answers}`).then((told) => told.json()).catch(() => (answers = null)));

async function answer() {
  const index = pressed;
  const told = await fetched();
  if (index === pressed) show(told?.[index]); // nothing rather than the table of another token
}

function keep(event) {
  const token = event.target.closest("[data-index], [data-next], [data-of]");
  if (!token) return;
  wanted = Number(token.dataset.index ?? token.dataset.next ?? token.dataset.of);
  press(wanted);
  answer();
}

function hand(event) { // over to the strip, which is drawn
  if (event.detail.strip !== words.strip) return;
  document.removeEventListener("strip-drawn", hand);
  if (wanted !== null) choose();
  clear();
}

const isThere = (id) => document.querySelector(`#${id}:is(button), #${id} :is(button, input, textarea)`) !== null;

function clear() { // once nothing of what is seen instead will move
  if (parts.every(isThere)) return leave();
  requestAnimationFrame(clear);
}

function choose() {
  if (!document.querySelector(`[data-listens="${words.strip}"]`)) return requestAnimationFrame(choose);
  document.dispatchEvent(new CustomEvent("token-wanted", { detail: { strip: words.strip, index: wanted } }));
}

function late() { // the strip may still come, and takes its place then
  const said = box.querySelector(".said");
  box.removeAttribute("aria-hidden");
  said.setAttribute("role", "alert");
  said.textContent = words.late;
}

function leave() {
  clearTimeout(waiting);
  document.documentElement.classList.remove("first-painted");
  box.remove();
}

const text = valueOf(words.strip);
// A tab that has been here finds its own text again, and a link may lead to another page: both are not shown this one.
if (text && kept("sessionStorage", words.ticket) === null && (asked.get("page") ?? words.page) === words.page && !location.hash.startsWith("#run=")) {
  box.classList.toggle("dark", isDark());
  tokenCells(box.querySelector(".strip"), words).draw(text);
  tokenLegend(box.querySelector(".legend"), text.legend);
  box.querySelector(".field span").textContent = valueOf(words.prompt);
  press(selectedAt());
  if (selectedAt() === text.selected) show(valueOf(words.table.id));
  else answer();
  box.hidden = false;
  document.documentElement.classList.add("first-painted"); // not `:has` in the style sheet: it would be asked of every element that comes
  box.addEventListener("click", keep);
  box.addEventListener("pointerover", fetched, { once: true });
  document.addEventListener("strip-drawn", hand);
  waiting = setTimeout(late, PATIENCE);
} else box.remove();
