const root = element.querySelector(".next-token");

const cellOf = (kind, ...inside) => make("td", { class: kind }, ...inside);
const share = (p, scale) => `--p:${Math.min(1, p / scale)}`;

function bar(row, scale) {
  const raw = make("i", { class: "raw", style: share(row.raw, scale) });
  const shaped = row.cut === null ? make("i", { class: "shaped", style: share(row.shaped, scale) }) : null;
  return make("div", { class: "bar" }, raw, shaped);
}

function rowOf(row, scale) {
  const kind = [row.chosen && "chosen", row.dice && "dice", row.cut !== null && "cut"].filter(Boolean).join(" ");
  const flag = row.chosen ? words.chosen : row.dice ? words.dice : "";
  return make(
    "tr",
    { class: kind, title: row.title, "data-token-id": row.token_id },
    cellOf("rank", row.rank_text),
    cellOf("token", make("span", { class: "name" }, row.token), flag && make("span", { class: "flag" }, flag)),
    cellOf("bars", bar(row, scale)),
    cellOf("n raw", row.raw_text),
    cellOf("n shaped", row.shaped_text)
  );
}

function othersRow(others) {
  const name = make("td", { class: "token", colspan: 2 }, others.label);
  return make("tr", { class: "others" }, cellOf("rank"), name, cellOf("n raw", others.raw_text), cellOf("n shaped", others.shaped_text));
}

function table(value) {
  const head = make(
    "tr",
    {},
    make("th", { scope: "col", class: "rank" }, words.rank),
    make("th", { scope: "col", class: "token" }, words.token),
    make("th", { scope: "col", class: "bars" }, make("span", { class: "ends" }, make("span", {}, "0"), make("span", {}, value.scale_text))),
    make("th", { scope: "col", class: "n" }, words.model),
    make("th", { scope: "col", class: "n" }, words.sampler)
  );
  const rows = [];
  for (const row of value.rows) {
    if (row.gap) rows.push(make("tr", { class: "gap" }, make("td", { colspan: 5 }, "⋯")));
    rows.push(rowOf(row, value.scale));
  }
  if (value.others) rows.push(othersRow(value.others));
  return make("table", { class: "next" }, make("caption", {}, words.caption), make("thead", {}, head), make("tbody", {}, ...rows));
}

function facts(list) {
  const one = (fact) => make("div", { title: fact.title }, make("dt", {}, fact.label), make("dd", {}, fact.value));
  return make("dl", { class: "facts" }, ...list.map(one));
}

function draw() {
  const value = props.value;
  if (!value || !value.rows) root.replaceChildren(make("p", { class: "say" }, words.empty));
  else if (value.rows.length === 0) root.replaceChildren(make("p", { class: "say" }, value.note));
  else root.replaceChildren(make("div", { class: "scroll" }, table(value)), value.facts.length ? facts(value.facts) : "");
}

watch("value", draw);
draw();
