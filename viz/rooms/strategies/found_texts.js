const root = element.querySelector(".found-texts");
const heads = [["#", "n"], [words.text, "text"], [words.score, "n", words.score_title], [words.sum, "n"], [words.length, "n"], [words.end, "end"], ["", "open", null, words.open]];

function rowOf(row, index) {
  const tokens = make("td", { class: "text" }, verbatim("div", {}, ...row.tokens.map((token) => make("span", { dir: token.includes("<0x") && "auto", class: token.startsWith(words.carrier) && "carried" }, token))));
  const cell = (kind, text, label) => make("td", { class: kind, "data-label": label }, String(text));
  const open = make("button", { type: "button", class: "pill large open", "data-open": index, title: words.open_title }, words.open);
  return make(
    "tr",
    { class: index === 0 ? "best" : "" },
    cell("n number", index + 1),
    tokens,
    cell("n score", row.score_text, words.score),
    cell("n sum", row.logprob_sum_text, words.sum),
    cell("n length", row.length, words.length),
    cell("end", row.end),
    make("td", { class: "open" }, open)
  );
}

const box = (table) => make("div", { class: "found-box", tabindex: 0, role: "group", "aria-label": words.caption }, table);

function draw() {
  const value = props.value;
  if (!value || !value.rows || !value.rows.length) return root.replaceChildren();
  const head = make("tr", {}, ...heads.map(([text, kind, title, name]) => make("th", { scope: "col", class: kind, title, "aria-label": name }, text)));
  const table = make("table", {}, make("caption", {}, words.caption), make("thead", {}, head), make("tbody", {}, ...value.rows.map(rowOf)));
  root.replaceChildren(value.note ? make("p", { class: "compared" }, ...prose(value.note)) : "", box(table), make("p", { class: "say" }, words.turns));
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-open]");
  if (!pressed) return;
  const detail = { strip: words.here, index: Number(pressed.dataset.open) };
  document.dispatchEvent(new CustomEvent("token-selected", { detail }));
});
watch("value", draw);
draw();
