const list = element.querySelector("select");
let drawn = ""; // a list that stays as it is may be open

function draw() {
  const { groups, now } = props.value ?? {};
  if (!groups) return; // what a person has chosen travels the same way
  const wanted = JSON.stringify(groups);
  if (wanted === drawn) return void (list.value = now);
  drawn = wanted;
  const named = groups.map(({ name, choices }) => {
    const options = choices.map(([key, title]) => make("option", { value: key }, title));
    return make("optgroup", { label: name }, ...options);
  });
  list.replaceChildren(...named);
  list.value = now;
  list.hidden = list.options.length < 2;
}

function ask(value, event) {
  props.value = value;
  trigger(event, {});
}

list.addEventListener("change", () => ask({ key: list.value }, "select"));
// Asked of the server when somebody opens it: a training may have left a checkpoint meanwhile.
list.addEventListener("focus", () => ask({}, "focus"));

const press = ({ target }) => { // what a notice offers of a text that another model wrote
  if (!element.isConnected) return document.removeEventListener("click", press);
  const button = target.closest?.("[data-model], [data-score]");
  if (!button) return;
  if (button.dataset.model) ask({ key: button.dataset.model }, "select");
  if (button.dataset.then) document.dispatchEvent(new CustomEvent("place-wanted", { detail: { page: button.dataset.then } }));
  if (!button.dataset.model) ask({}, "submit");
};
document.addEventListener("click", press);

watch("value", draw);
draw();
