const root = element.querySelector(".steered-texts");

function columnOf(column, index) {
  const open = make("button", { type: "button", class: "pill large open", "data-open": index, title: words.open_title, disabled: !column.whole }, words.open);
  return make(
    "section",
    { class: column.plain ? "plain" : "", "aria-label": column.title },
    make("h3", {}, column.title),
    verbatim("p", { class: "text" }, make("span", { class: "before" }, column.before), make("b", {}, column.text)),
    make("p", { class: "say" }, column.told),
    open
  );
}

function draw() {
  const value = props.value;
  if (!value?.columns?.length) return root.replaceChildren();
  root.replaceChildren(make("p", { class: "say" }, ...prose(value.note)), make("div", { class: "side-by-side" }, ...value.columns.map(columnOf)));
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-open]");
  if (!pressed) return;
  const detail = { strip: words.here, index: Number(pressed.dataset.open) };
  document.dispatchEvent(new CustomEvent("token-selected", { detail }));
});
watch("value", draw);
draw();
