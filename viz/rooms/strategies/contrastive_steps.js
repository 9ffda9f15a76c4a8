const root = element.querySelector(".contrastive");
const box = make("div", { class: "contrast-box", tabindex: 0, role: "group", "aria-label": words.group });
const heads = [[words.position, "n"], [words.token, "token"], [words.probability, "n"], [words.penalty, "n"], [words.score, "n"], [words.alike, "alike"]];

function rowOf(one, step, index) {
  const cell = (kind, ...inside) => make("td", { class: kind }, ...inside);
  const flag = one.chosen && make("span", { class: "flag" }, words.chosen);
  const position = index === 0 && make("th", { scope: "rowgroup", class: "n", rowspan: step.candidates.length }, String(step.position));
  return make(
    "tr",
    { class: one.chosen ? "chosen" : "" },
    position || "",
    cell("token", verbatim("span", { class: "name" }, one.token), flag || ""),
    cell("n", one.probability_text),
    cell("n", one.penalty_text),
    cell("n score", one.score_text),
    cell("alike", ...prose(one.alike))
  );
}

function draw() {
  const value = props.value;
  if (!value || !value.steps) return root.replaceChildren();
  const head = make("tr", {}, ...heads.map(([text, kind]) => make("th", { scope: "col", class: kind }, text)));
  const bodies = value.steps.map((step) => make("tbody", {}, ...step.candidates.map((one, index) => rowOf(one, step, index))));
  box.replaceChildren(make("table", {}, make("caption", {}, words.caption), make("thead", {}, head), ...bodies));
  if (!box.isConnected) root.replaceChildren(box);
}

watch("value", draw);
draw();
