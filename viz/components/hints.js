// One thing at a time that a newcomer may not expect to be possible. It is marked until it was done once, in this browser.
const NAMES = ["ask", "take"]; // a token is clicked; another one is taken
const keyOf = (name) => `gpt-inside-out-${name}`;
const done = new Set();

function known(name) {
  try {
    return done.has(name) || localStorage.getItem(keyOf(name)) === "done";
  } catch {
    return done.has(name); // forbidden: as long as the page
  }
}

function show() {
  const root = element.closest(".gradio-container");
  if (root) root.dataset.hint = NAMES.find((name) => !known(name)) ?? "";
}

function learn(name) {
  if (known(name)) return;
  done.add(name);
  try {
    localStorage.setItem(keyOf(name), "done");
  } catch {
    // forbidden
  }
  show();
}

function ask(event) {
  if (!element.isConnected) return document.removeEventListener("token-selected", ask);
  if (event.detail.strip === words.strip && !event.detail.linked) learn("ask");
}

function take(event) {
  if (!element.isConnected) return document.removeEventListener("token-action", take);
  if (event.detail.action === "branch") learn("take");
}

document.addEventListener("token-selected", ask);
document.addEventListener("token-action", take);
show();
