const root = element.querySelector(".roads");

function step(one) {
  return make("li", { class: one.cut ? "cut" : "" },
    make("span", { class: "stage" }, one.stage),
    make("span", { class: "p" }, one.cut ? "✕" : one.probability),
    make("span", { class: "why" }, one.why));
}

function road(one) {
  const head = make("h3", { title: one.title }, verbatim("span", { class: "name" }, one.token), make("span", { class: one.cut ? "cut" : "" }, one.end));
  return make("section", {}, head, make("ol", {}, ...one.steps.map(step)));
}

function draw() {
  const value = props.value;
  if (!value || !value.roads || !value.roads.length) root.replaceChildren(make("p", { class: "say" }, words.empty));
  else root.replaceChildren(...value.roads.map(road));
}

watch("value", draw);
draw();
