const strip = element.querySelector(".strip");
const empty = element.querySelector(".strip-empty");
const legend = element.querySelector(".legend");
const PATIENCE = 2500; // ms in which the server may still be answering an earlier press

const { cells, next, draw: drawTokens } = tokenCells(strip, words);
let selected = null; // what the browser shows as selected
let awaited = false; // a press that the server has not answered yet
let trustAgain = 0;
let sending = 0;
let linked = false; // the address asked for it, no person did
let writing = false;
let following = true;
let pressed = null; // the button of the selected token
let stop = null; // the button that Tab reaches
strip.setAttribute("aria-label", words.group);
empty.textContent = words.empty;

const current = () => props.value || { tokens: [] }; // its tokens come as strings: see `postprocess`
const last = () => current().tokens.length - (current().next ? 0 : 1);
const firstGenerated = () => cells.findIndex(({ token }) => token.kind === "generated");
const buttonAt = (index) => (index < current().tokens.length ? cells[index]?.button : current().next ? next : null);

function mark() {
  const now = selected === null ? null : buttonAt(selected);
  if (now !== pressed) {
    pressed?.setAttribute("aria-pressed", false);
    now?.setAttribute("aria-pressed", true);
    pressed = now;
  }
  const entry = now ?? buttonAt(Math.max(0, firstGenerated())); // one stop for Tab, arrows within
  if (entry !== stop) {
    if (stop) stop.tabIndex = -1;
    if (entry) entry.tabIndex = 0;
    stop = entry;
  }
}

function show(button) { // within the strip's own box; the page stays where it is
  const box = strip.getBoundingClientRect();
  const at = button.getBoundingClientRect();
  if (at.top < box.top) strip.scrollTop -= box.top - at.top + 8;
  else if (at.bottom > box.bottom) strip.scrollTop += at.bottom - box.bottom + 8;
}

function draw() {
  const value = current();
  if (value.writing || value.selected === selected) awaited = false;
  if (!awaited) selected = value.selected ?? null;
  drawTokens(value);
  empty.hidden = value.tokens.length > 0;
  strip.hidden = legend.hidden = value.tokens.length === 0;
  tokenLegend(legend, value.legend);
  mark();
  follow(value);
  tell();
}

function tell() { // the text bar, which shows the same text in one line
  const { next: offered, dir } = current();
  const tokens = cells.map(({ token }) => token);
  document.dispatchEvent(new CustomEvent("strip-drawn", { detail: { strip: words.strip, tokens, selected, next: offered, dir: dir ?? "ltr" } }));
}

function wanted(event) {
  if (!element.isConnected) return document.removeEventListener("token-wanted", wanted);
  if (event.detail.strip !== words.strip) return;
  const index = Math.min(Math.max(event.detail.index, 0), last());
  select(index, 0, event.detail.linked);
  if (buttonAt(index)) show(buttonAt(index));
}

function asked(event) {
  if (!element.isConnected) return document.removeEventListener("strip-asked", asked);
  if (event.detail.strip === words.strip) tell();
}

function follow(value) { // the newest token, unless the reader has scrolled up since the writing began
  if (value.writing && !writing) following = true;
  if (value.writing && following) strip.scrollTop = strip.scrollHeight;
  if (!value.writing && writing && buttonAt(selected)) show(buttonAt(selected));
  writing = value.writing;
  // Figures are redrawn now and then while the selection runs ahead: the style sheet fades them.
  const ahead = writing && selected === value.tokens.length - 1;
  element.closest(".gradio-container")?.classList.toggle("writing", ahead);
}

function send() {
  sending = 0;
  trigger("select", { index: selected, value: cells[selected]?.token.text ?? "" });
  document.dispatchEvent(new CustomEvent("token-selected", { detail: { index: selected, strip: words.strip, linked } }));
}

function select(index, wait, byLink = false) {
  selected = index;
  linked = byLink;
  awaited = true; // answers to earlier presses must not pull the selection back
  clearTimeout(trustAgain);
  trustAgain = setTimeout(() => (awaited = false), PATIENCE);
  mark();
  tell();
  clearTimeout(sending);
  sending = setTimeout(send, wait);
}

const elsewhere = (target) =>
  target.closest?.(
    "input, textarea, select, [contenteditable]:not([contenteditable=false]), " +
      "[role=slider], [role=tab], [role=listbox], [role=option], [role=combobox], [role=radio], [role=menu], [role=dialog]"
  );

function steps(key, from) { // the way that the line of the selected token is read
  const ahead = buttonAt(from)?.closest(".line")?.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  return key === ahead ? 1 : -1;
}

function aim(key, inside) {
  const from = selected ?? firstGenerated();
  if (key === "ArrowLeft" || key === "ArrowRight") return selected === null ? from : from + steps(key, from);
  if (key === "Home" && inside) return firstGenerated();
  if (key === "End" && inside) return cells.length - 1;
  return null;
}

function onKey(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  if (event.defaultPrevented || composing(event) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (elsewhere(event.target)) return;
  const inside = strip.contains(document.activeElement);
  const aimed = current().tokens.length > 1 ? aim(event.key, inside) : null;
  if (aimed === null) return;
  event.preventDefault();
  const index = Math.min(Math.max(aimed, 1), last());
  if (index !== selected) select(index, 60);
  const button = buttonAt(index);
  if (inside) button?.focus({ preventScroll: true });
  if (button) show(button);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-index], button[data-next], [data-of]");
  if (button) select(Number(button.dataset.index ?? button.dataset.next ?? button.dataset.of), 0);
});
strip.addEventListener("scroll", () => {
  following = strip.scrollHeight - strip.scrollTop - strip.clientHeight < 48;
});
document.addEventListener("keydown", onKey);
document.addEventListener("token-wanted", wanted);
document.addEventListener("strip-asked", asked);
watch("value", draw);
draw();
