const root = element.querySelector(".token-table");

function rowOf(row) {
  const name = verbatim("button", { type: "button", class: "name", "data-at": row.position, "aria-current": row.selected }, row.token);
  return make("tr", { class: [row.kind, row.selected && "chosen"].filter(Boolean).join(" ") },
    make("td", { class: "n" }, String(row.position)), make("td", { class: "token" }, name), make("td", { class: "n id" }, row.token_id),
    make("td", { class: "bytes" }, row.bytes), make("td", { class: "note" }, ...prose(row.note)));
}

function draw() {
  const value = props.value;
  if (!value?.rows?.length) return root.replaceChildren(make("p", { class: "say" }, words.empty));
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.at : undefined;
  const scrolled = root.querySelector(".scroll")?.scrollTop ?? null;
  const names = ["position", "token", "id", "bytes", "note"].map((name) => make("th", { scope: "col", class: name }, words[name]));
  const table = make("table", {}, make("caption", {}, words.caption), make("thead", {}, make("tr", {}, ...names)), make("tbody", {}, ...value.rows.map(rowOf)));
  const scroll = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words.caption }, table);
  root.replaceChildren(make("p", { class: "say" }, value.said), scroll);
  scroll.scrollTop = scrolled ?? 0;
  const now = table.querySelector("tr.chosen");
  if (now) scroll.scrollTop = Math.min(Math.max(scroll.scrollTop, now.offsetTop + now.offsetHeight - scroll.clientHeight), now.offsetTop - 40);
  if (focused !== undefined) table.querySelector(`[data-at="${focused}"]`)?.focus({ preventScroll: true });
}

root.addEventListener("click", (event) => {
  const at = event.target.closest("tr")?.querySelector("[data-at]")?.dataset.at;
  if (at === undefined) return;
  document.dispatchEvent(new CustomEvent("token-wanted", { detail: { strip: words.strip, index: Number(at) } }));
});
watch("value", draw);
draw();
