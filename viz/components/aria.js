// Tabs and folds as the WAI-ARIA Authoring Practices describe them. Gradio draws them and leaves this out.
const FRAMES = 3; // see `unveil`
const PATIENCE = 150; // ms: a text that is being written changes the page many times a second
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const opened = new WeakSet(); // tabs that were opened once
let waiting = 0;

const set = (part, name, value) => part.getAttribute(name) !== value && part.setAttribute(name, value);
const tabsOf = (list) => [...list.querySelectorAll("[role=tab]")].filter((tab) => tab.offsetParent && !tab.disabled);

function look() { // one tab of a list is reached by Tab, the others by the arrows
  waiting = 0;
  for (const tab of document.querySelectorAll(".gradio-container .tabs [role=tablist] > [role=tab]")) {
    const selected = tab.getAttribute("aria-selected") === "true";
    if (selected) opened.add(tab);
    set(tab, "tabindex", selected ? "0" : "-1");
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    if (panel) set(panel, "aria-labelledby", tab.id);
  }
  for (const button of document.querySelectorAll(".gradio-container .gr-accordion > button")) {
    set(button, "aria-expanded", String(button.nextElementSibling?.style.display !== "none"));
    for (const sign of button.querySelectorAll(".icon")) set(sign, "aria-hidden", "true");
  }
}

function aim(key, at, tabs) {
  const along = getComputedStyle(tabs[at].parentNode).direction === "rtl" ? -1 : 1;
  if (key in STEPS) return (at + STEPS[key] * along + tabs.length) % tabs.length;
  return { Home: 0, End: tabs.length - 1 }[key];
}

function press(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", press);
  const list = event.target.closest?.(".tabs [role=tab]")?.closest("[role=tablist]"); // Gradio's own
  if (!list || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const tabs = tabsOf(list);
  const next = tabs[aim(event.key, tabs.indexOf(event.target.closest("[role=tab]")), tabs)];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click(); // what it shows is there at once; figures follow
}

// What a tab holds is mounted when it is first opened, and two frames later Gradio sets every field in it to what it was at first:
// what was typed before that would be gone. Nobody types into what is not seen yet.
function veil(tab) {
  if (opened.has(tab)) return;
  opened.add(tab);
  const tabs = tab.closest(".tabs"); // the panel itself may not be there yet
  tabs.setAttribute("data-opening", "");
  unveil(tabs, FRAMES);
}

function unveil(tabs, frames) {
  if (frames) requestAnimationFrame(() => unveil(tabs, frames - 1));
  else tabs.removeAttribute("data-opening");
}

function lookSoon() {
  if (!element.isConnected) return leave();
  waiting ||= setTimeout(look, PATIENCE);
}

function leave() {
  watcher.disconnect();
  document.removeEventListener("click", lookSoon);
}

const watcher = new MutationObserver((changes) => {
  for (const { type, target } of changes) {
    if (type === "attributes" && target.matches(".tabs [role=tab][aria-selected=true]")) veil(target); // by hand, or by the server
  }
  lookSoon();
});
watcher.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
document.addEventListener("keydown", press);
document.addEventListener("click", lookSoon);
look();
