const root = element.querySelector(".biases");
root.setAttribute("aria-label", words.group);

function draw() {
  const held = root.contains(document.activeElement);
  const at = [...root.querySelectorAll(".chip")].indexOf(document.activeElement);
  const groups = props.value?.groups ?? [];
  root.replaceChildren(...groups.map(({ label, chips }) =>
    make("span", { class: "biased" }, make("span", { class: "say" }, label), ...chips.map((one) => biasChip(one, words.remove)))));
  const left = root.querySelectorAll(".chip");
  if (held) left[Math.min(at, left.length - 1)]?.focus({ preventScroll: true });
}

watch("value", draw);
draw();
