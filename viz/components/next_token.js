const root = element.querySelector(".next-token");
let picked = null; // id of the token whose row shows what can be done with it
let chosen = null; // the token that the text has, while this value is shown
let tallest = 0; // px that a table of so many leading rows took here: what stands below it does not jump
let measured = "";

const { answer } = tokenTable(words);

const keyed = (key) => root.querySelector(`[data-key="${CSS.escape(key)}"]`);
const buttons = () => [...root.querySelectorAll("button.name")];

function stop(button) { // one of the rows is reached by Tab, the others by the arrows
  for (const other of buttons()) other.tabIndex = -1;
  if (button) button.tabIndex = 0;
}

// The table as the API's /next_token names it, its tokens as they are, for whoever saves it (take_away.js).
root.numbers = () => {
  const { rows, others } = props.value;
  const names = ["rank", "token_id", "token", "probability", "shaped_probability", "cut_by"];
  const told = rows.map((row) => [row.rank, row.token_id, row.own, row.raw, row.shaped, row.cut]);
  return [names, ...told, ...(others ? [[null, null, others.label, others.raw, others.shaped, null]] : [])];
};

function keepHeight(value) { // also where there is less to say: of a token not chosen yet, or the first one
  root.style.minHeight = "";
  if (value?.rows && !value.leading) return; // a search
  const now = value?.rows ? `${value.leading} ${root.clientWidth}` : measured;
  if (now !== measured) tallest = 0;
  measured = now;
  if (picked === null) tallest = Math.max(tallest, root.offsetHeight);
  root.style.minHeight = `${tallest}px`;
}

function draw() {
  const value = props.value;
  root.toggleAttribute("data-numbers", Boolean(value?.rows?.length));
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const reached = buttons().find((button) => button.tabIndex === 0)?.dataset.key;
  const at = value?.rows?.find((row) => row.chosen)?.token_id ?? null;
  if (at !== chosen || !value?.rows?.some((row) => row.token_id === picked)) picked = null;
  chosen = at;
  if (!value || !value.rows) root.replaceChildren(make("p", { class: "say" }, value?.missing ?? words.empty));
  else if (value.rows.length === 0) root.replaceChildren(make("p", { class: "say" }, ...prose(value.note)));
  else root.replaceChildren(...answer(value, picked));
  keepHeight(value);
  stop((reached && keyed(reached)) || buttons()[0]);
  if (focused) keyed(focused)?.focus({ preventScroll: true });
}

function pick(token_id) {
  picked = picked === token_id ? null : token_id;
  draw();
  document.dispatchEvent(new CustomEvent("token-picked", { detail: { token_id: picked, from: root } }));
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-action]");
  if (pressed) {
    const { action, for: its = picked } = pressed.dataset;
    const { token_id, token } = props.value.rows.find((row) => row.token_id === Number(its));
    document.dispatchEvent(new CustomEvent("token-action", { detail: { action, token_id, token } }));
    return;
  }
  const row = event.target.closest("tr[data-token-id]");
  if (!row) return;
  stop(row.querySelector("button.name"));
  pick(Number(row.dataset.tokenId));
});

element.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const all = buttons();
  const at = all.indexOf(document.activeElement);
  if (event.key === "Escape" && picked !== null && root.contains(event.target)) {
    event.preventDefault(); // it is meant for the table, and does not stop the text
    const key = String(picked);
    pick(picked);
    keyed(key)?.focus();
  } else if (step && at >= 0) {
    event.preventDefault();
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    stop(next);
    next.focus();
  }
});

// Another token of the text is another question; and one token is picked at a time, in whichever table.
function forget() {
  if (!element.isConnected) return document.removeEventListener("token-selected", forget);
  if (picked !== null) pick(picked);
}
function yieldTo(event) {
  if (!element.isConnected) return document.removeEventListener("token-picked", yieldTo);
  if (event.detail.from === root || picked === null) return;
  picked = null;
  draw();
}
document.addEventListener("token-selected", forget);
document.addEventListener("token-picked", yieldTo);
watch("value", draw);
draw();
