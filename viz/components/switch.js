const NAME = `gpt-inside-out-${words.name}`;
const button = element.querySelector("button");

function turn(on) {
  button.setAttribute(words.state, String(on));
  element.closest(".gradio-container")?.classList.toggle(words.class, on);
}

function recall() { // one tab's own: another one begins as everybody does
  try {
    return sessionStorage.getItem(NAME) === "on";
  } catch {
    return false;
  }
}

button.addEventListener("click", () => {
  const on = button.getAttribute(words.state) !== "true";
  turn(on);
  try {
    sessionStorage.setItem(NAME, on ? "on" : "off");
  } catch {
    // forbidden: it is as it was when the page is loaded again
  }
  props.value = { on };
  trigger("select", { on });
});
turn(recall());
