// tokenTable(words).answer(value, picked): the nodes of a table of tokens and of what is said beneath it; `picked` is the id of the
// token whose row shows what can be done with it.
const tokenTable = (words) => {
  const cellOf = (kind, ...inside) => make("td", { class: kind }, ...inside);
  const share = (p, scale) => `--p:${Math.min(1, p / scale)}`;

  function bar(row, scale) {
    const raw = make("i", { class: "raw", style: share(row.raw, scale) });
    const shaped = row.cut === null ? make("i", { class: "shaped", style: share(row.shaped, scale) }) : null;
    return make("div", { class: "bar" }, raw, shaped);
  }

  function nameOf(row, picked) {
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
      return make("button", { type: "button", class: "pill", "data-action": action, "data-key": action, "aria-pressed": held, title }, words[action]);
    };
    return make("tr", { class: "token-actions" }, make("td", { colspan: 6 }, ...names.map(button)));
  }

  function rowOf(row, scale, picked) {
    const kind = [row.chosen && "chosen", row.dice && "dice", row.cut !== null && "cut"].filter(Boolean).join(" ");
    const flag = row.chosen ? words.chosen : row.dice ? words.dice : "";
    return make(
      "tr",
      { class: row.token_id === picked ? `${kind} picked` : kind, title: row.title, "data-token-id": row.token_id },
      cellOf("rank", row.rank_text),
      cellOf("token", nameOf(row, picked), row.completes && verbatim("span", { class: "completes", title: words.completes }, row.completes), flag && make("span", { class: "flag" }, flag)),
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

  function table(value, picked) {
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
      rows.push(rowOf(row, value.scale, picked));
      if (row.token_id === picked) rows.push(actionsRow(row));
    }
    if (value.others) rows.push(othersRow(value.others));
    return make("table", { class: "next" }, make("caption", {}, words.caption), make("thead", {}, head), make("tbody", {}, ...rows));
  }

  function facts(list) {
    const one = (fact) => make("div", { title: fact.title }, make("dt", {}, ...prose(fact.label)), make("dd", {}, ...prose(fact.value)));
    return make("dl", { class: "facts" }, ...list.map(one));
  }

  function answer(value, picked) {
    const said = value.said ? make("p", { class: "said" }, value.said) : "";
    const note = value.note ? make("p", { class: "say note" }, ...prose(value.note)) : "";
    return [make("div", { class: "scroll" }, table(value, picked)), said, value.facts.length ? facts(value.facts) : "", note];
  }

  return { answer };
};
