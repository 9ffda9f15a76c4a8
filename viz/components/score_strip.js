const root = element.querySelector(".scored");
const strip = element.querySelector(".strip");
const told = element.querySelector(".score-told");
const scale = element.querySelector(".score-scale");
const { cells, draw: drawTokens } = tokenCells(strip, words);
let stop = 0; // which token Tab reaches
strip.setAttribute("aria-label", words.group);

const indexOf = (target) => Number(target.closest?.("button[data-index], [data-of]")?.dataset.index ?? target.closest?.("[data-of]")?.dataset.of ?? -1);

function tell(index) {
  told.replaceChildren(...(index < 0 ? [words.hint] : prose(cells[index].token.title)));
}

function reach(index) {
  if (cells[stop]) cells[stop].button.tabIndex = -1;
  stop = index;
  if (cells[stop]) cells[stop].button.tabIndex = 0;
}

function drawScale({ low, high }) {
  const signed = low !== "";
  const ends = [make("span", {}, signed ? words.against : words.least), make("span", {}, signed ? words.for : words.most)];
  const ticks = make("span", { class: "ticks" }, make("span", {}, signed ? low : "0"), signed ? make("span", {}, "0") : null, make("span", {}, high));
  const bar = make("span", { class: `bar ${signed ? "signed" : "unsigned"}` }, make("i"), ticks);
  scale.replaceChildren(ends[0], bar, ends[1]);
}

function draw() {
  const value = props.value;
  root.hidden = !value;
  drawTokens({ tokens: value?.tokens ?? [], dir: value?.dir, next: false, writing: false });
  for (const { button, token } of cells) {
    button.setAttribute("aria-description", token.title);
    button.removeAttribute("aria-pressed"); // nothing is chosen here
  }
  reach(Math.min(stop, Math.max(0, cells.length - 1)));
  if (!value) return;
  drawScale(value);
  tell(-1);
}

strip.addEventListener("pointerover", (event) => indexOf(event.target) >= 0 && tell(indexOf(event.target)));
strip.addEventListener("pointerleave", () => tell(cells.findIndex(({ button }) => button === document.activeElement)));
strip.addEventListener("focusin", (event) => {
  const index = indexOf(event.target);
  if (index < 0) return;
  reach(index);
  tell(index);
});
strip.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: cells.length - 1 };
  if (!(event.key in moves) || composing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault(); // the strip of the whole text does not move along
  cells[Math.min(Math.max(moves[event.key], 0), cells.length - 1)]?.button.focus();
});
watch("value", draw);
draw();
