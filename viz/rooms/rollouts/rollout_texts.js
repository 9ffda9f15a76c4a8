const list = element.querySelector(".rollout-texts");
list.setAttribute("aria-label", words.texts);
list.tabIndex = 0; // it scrolls in its own box

function item({ index, text, logprob, name }) {
  const open = make("button", { type: "button", class: "pill", "aria-label": name, "data-rollout": index }, words.open);
  const number = make("span", { class: "number", "aria-hidden": "true" }, `${index + 1}`);
  return make("li", {}, number, verbatim("span", { class: "text" }, text), make("span", { class: "mean", title: words.mean }, logprob), open);
}

function draw() {
  const focused = document.activeElement?.closest?.("[data-rollout]");
  const held = focused && list.contains(focused) ? focused.dataset.rollout : null;
  list.replaceChildren(...(props.value?.texts ?? []).map(item));
  if (held !== null) list.querySelector(`[data-rollout="${held}"]`)?.focus({ preventScroll: true });
}

list.addEventListener("click", (event) => {
  const open = event.target.closest("[data-rollout]");
  if (!open) return;
  const detail = { index: Number(open.dataset.rollout), strip: words.id };
  document.dispatchEvent(new CustomEvent("token-selected", { detail }));
  document.querySelector("#tokens")?.scrollIntoView({ block: "center" });
});

watch("value", draw);
draw();
