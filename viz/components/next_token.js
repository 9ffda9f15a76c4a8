const root = element.querySelector(".next-token");
let picked = null; // id of the token whose row shows what can be done with it
let chosen = null; // the token that the text has, while this value is shown
let tallest = 0; // px that a table of so many leading rows took here: what stands below it does not jump
let measured = "";

const cellOf = (kind, ...inside) => make("td", { class: kind }, ...inside);
const share = (p, scale) => `--p:${Math.min(1, p / scale)}`;

function bar(row, scale) {
  const raw = make("i", { class: "raw", style: share(row.raw, scale) });
  const shaped = row.cut === null ? make("i", { class: "shaped", style: share(row.shaped, scale) }) : null;
  return make("div", { class: "bar" }, raw, shaped);
}

function nameOf(row) {
  const open = String(row.token_id === picked);
  return verbatim("button", { type: "button", class: "name", tabindex: -1, "aria-expanded": open, "data-key": row.token_id }, row.token);
}

// What can be done with a token depends on what else is on the page.
function actionsRow(row) {
  const biases = document.getElementById("chain") ? ["ban", "boost"] : [];
  const names = row.chosen ? biases : ["branch", ...biases];
  if (!names.length) return "";
  const button = (action) => {
    const held = action === "ban" ? String(row.banned) : null; // a second press takes the ban back
    const title = words[held === "true" ? "unban_title" : `${action}_title`];
    return make("button", { type: "button", "data-action": action, "data-key": action, "aria-pressed": held, title }, words[action]);
  };
  return make("tr", { class: "token-actions" }, make("td", { colspan: 6 }, ...names.map(button)));
}

function rowOf(row, scale) {
  const kind = [row.chosen && "chosen", row.dice && "dice", row.cut !== null && "cut"].filter(Boolean).join(" ");
  const flag = row.chosen ? words.chosen : row.dice ? words.dice : "";
  return make(
    "tr",
    { class: row.token_id === picked ? `${kind} picked` : kind, title: row.title, "data-token-id": row.token_id },
    cellOf("rank", row.rank_text),
    cellOf("token", nameOf(row), row.completes && verbatim("span", { class: "completes", title: words.completes }, row.completes), flag && make("span", { class: "flag" }, flag)),
    cellOf("bars", bar(row, scale)),
    cellOf("n raw", row.raw_text),
    cellOf("n shaped", row.shaped_text),
    cellOf("act", row.chosen ? "" : takeOf(row))
  );
}

function takeOf(row) { // the road not taken, one press away
  const label = words.take_title.replace("%s", () => row.token);
  const attributes = { type: "button", class: "take", tabindex: -1, "data-action": "branch", "data-for": row.token_id, title: label, "aria-label": label };
  return make("button", attributes, words.take, make("span", { class: "more" }, ` ${words.take_more}`));
}

function othersRow(others) {
  const name = make("td", { class: "token", colspan: 2 }, others.label);
  return make("tr", { class: "others" }, cellOf("rank"), name, cellOf("n raw", others.raw_text), cellOf("n shaped", others.shaped_text), cellOf("act"));
}

function table(value) {
  const head = make(
    "tr",
    {},
    make("th", { scope: "col", class: "rank" }, words.rank),
    make("th", { scope: "col", class: "token" }, words.token),
    make("th", { scope: "col", class: "bars" }, make("span", { class: "ends" }, make("span", {}, "0"), make("span", {}, value.scale_text))),
    make("th", { scope: "col", class: "n" }, words.model),
    make("th", { scope: "col", class: "n" }, words.sampler),
    make("td", { class: "act" }, make("span", { class: "hint" }, words.take_hint))
  );
  const rows = [];
  for (const row of value.rows) {
    if (row.gap) rows.push(make("tr", { class: "gap" }, make("td", { colspan: 6 }, "⋯")));
    rows.push(rowOf(row, value.scale));
    if (row.token_id === picked) rows.push(actionsRow(row));
  }
  if (value.others) rows.push(othersRow(value.others));
  return make("table", { class: "next" }, make("caption", {}, words.caption), make("thead", {}, head), make("tbody", {}, ...rows));
}

function facts(list) {
  const one = (fact) => make("div", { title: fact.title }, make("dt", {}, ...prose(fact.label)), make("dd", {}, ...prose(fact.value)));
  return make("dl", { class: "facts" }, ...list.map(one));
}

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
  if (value && !value.leading) return; // a search
  const now = value ? `${value.leading} ${root.clientWidth}` : measured;
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
  if (!value || !value.rows) root.replaceChildren(make("p", { class: "say" }, words.empty));
  else if (value.rows.length === 0) root.replaceChildren(make("p", { class: "say" }, ...prose(value.note)));
  else {
    const note = value.note ? make("p", { class: "say note" }, ...prose(value.note)) : "";
    root.replaceChildren(make("div", { class: "scroll" }, table(value)), value.said ? make("p", { class: "said" }, value.said) : "", value.facts.length ? facts(value.facts) : "", note);
  }
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
