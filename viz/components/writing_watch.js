const byId = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const canStop = () => byId("stop") !== null && !byId("stop").disabled; // from the press on, also if nothing comes of it
const isWriting = () => canStop() && (writing || document.querySelector("#tokens .caret") !== null);

// Where the prompt fills the screen, on a phone or a projector, the text would grow below its edge.
function bringIntoView() {
  const strip = byId("tokens")?.getBoundingClientRect();
  if (!strip || (strip.bottom > 0 && strip.top < 0.7 * innerHeight)) return;
  byId("tokens").closest(".pair").scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "start" });
}

// Write comes where Stop was: who pressed Stop a moment too late does not want another text.
const CALM = 800; // ms
function calmDown() {
  const root = element.closest(".gradio-container");
  root?.classList.add("just-ended");
  setTimeout(() => root?.classList.remove("just-ended"), CALM);
}

// A browser that cannot draw as fast as updates come would hear of Stop late, and of nothing for as long as the text
// is written. It asks for more time between them, and for less again once it is on time.
const TICK = 250, LATE = 120; // ms
const ON_TIME = 4; // ticks
const FEWEST = 0.15, MOST = Number(words.most); // s
let pause = 0; // s
let due = 0; // ms; 0 while no text is written
let onTime = 0; // ticks in a row
function ask(seconds) {
  if (seconds === pause) return;
  pause = seconds;
  props.value = { pause };
  trigger("select", { pause });
}
function wait() {
  due = performance.now() + TICK;
  setTimeout(tick, TICK);
}
function tick() {
  if (!element.isConnected || !writing) return (due = 0);
  const late = performance.now() - due > LATE;
  onTime = late ? 0 : onTime + 1;
  if (document.hidden) ask(MOST);
  else if (late) ask(Math.min(MOST, Math.max(FEWEST, 1.5 * pause)));
  else if (onTime % ON_TIME === 0) ask(pause / 2 < FEWEST ? 0 : pause / 2);
  wait();
}

// Nobody sees a hidden tab: it asks for as little as there is, and for all of it once it is seen.
function show() {
  if (!element.isConnected) return document.removeEventListener("visibilitychange", show);
  if (writing) ask(document.hidden ? MOST : 0);
}
document.addEventListener("visibilitychange", show);

let writing = false;
writing = isWriting();
function look() {
  if (!element.isConnected) return watcher.disconnect();
  if (isWriting() === writing) return;
  writing = isWriting();
  const told = element.querySelector("[role=status]");
  if (writing) {
    bringIntoView();
    if (!due) wait();
  } else calmDown();
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
