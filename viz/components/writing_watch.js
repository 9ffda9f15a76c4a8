const byId = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const canStop = () => byId("stop") !== null && !byId("stop").disabled; // from the press on, also if nothing comes of it
const isWriting = () => canStop() && (writing || document.querySelector("#tokens .caret") !== null);

// Where the prompt fills the screen, on a phone or a projector, the text would grow below its edge.
function bringIntoView() {
  const strip = byId("tokens")?.getBoundingClientRect();
  if (!strip || (strip.bottom > 0 && strip.top < 0.7 * innerHeight)) return;
  byId("tokens").closest(".card").scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "start" });
}

// Write comes where Stop was: who pressed Stop a moment too late does not want another text.
const CALM = 800; // ms
function calmDown() {
  const root = element.closest(".gradio-container");
  root?.classList.add("just-ended");
  setTimeout(() => root?.classList.remove("just-ended"), CALM);
}

let writing = false;
writing = isWriting();
function look() {
  if (!element.isConnected) return watcher.disconnect();
  if (isWriting() === writing) return;
  writing = isWriting();
  const told = element.querySelector("[role=status]");
  if (writing) bringIntoView();
  else calmDown();
  told.textContent = writing ? words.begun : (byId("status")?.textContent ?? "").trim();
}
const watcher = new MutationObserver(look);
watcher.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });

// Gradio's lists close themselves on Escape, and tell nobody: whether one is open is seen before they hear of it.
let listOpen = false;
function before(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", before, true);
  listOpen = Boolean(event.target.closest?.("[role=combobox][aria-expanded=true]"));
}
document.addEventListener("keydown", before, true);

function press(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", press);
  if (composing(event)) return;
  const inPrompt = event.target.closest?.("#prompt") !== null;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && inPrompt) {
    event.preventDefault();
    ["generate", "score"].map(byId).find((button) => button?.offsetParent)?.click(); // whichever is there
  } else if (event.key === "Escape" && canStop() && !listOpen && !event.defaultPrevented) {
    byId("stop").click();
  }
}
document.addEventListener("keydown", press);
