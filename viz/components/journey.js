const root = element.querySelector(".journey");
const PAUSE = Number(words.seconds) * 1000; // at each station
const MATH = "http://www.w3.org/1998/Math/MathML";

let at = 0; // the station that is shown
let playing = false;
let seen = false; // whether the journey is within the window
let timer = 0;
let left = PAUSE; // ms until the next station: a look elsewhere does not begin them anew
let since = 0;

const stops = () => props.value?.stops ?? [];
const plain = (text) => String(text).replace(/[\u2068\u2069]/g, "");

// Controls

const control = (kind, sign, does) => {
  const made = make("button", { type: "button", class: kind }, make("span", { "aria-hidden": "true" }, sign), make("span", { class: "label" }, words[kind] ?? ""));
  made.addEventListener("click", does);
  return made;
};
const back = control("back", "←", () => step(at - 1));
const play = control("play", "▶", () => (playing ? pause() : start()));
const forward = control("forward", "→", () => step(at + 1));
const place = make("span", { class: "place" });
const line = make("span", { class: "line", "aria-hidden": "true" }, make("i"));
const bar = make("div", { class: "controls", role: "group", "aria-label": words.name }, back, play, forward, line, place);
const stage = make("div", { class: "stage" });
const empty = make("p", { class: "say" }, words.empty);
const told = make("p", { class: "told", role: "status" }); // what a step says to who does not see it
root.setAttribute("aria-label", words.name);
bar.title = words.keys;
root.append(bar, stage, empty, told);

// Stations

const built = ([tag, ...inside]) => { // a formula: names of elements, texts and attributes
  const made = document.createElementNS(MATH, tag);
  for (const one of inside) {
    if (Array.isArray(one)) made.append(built(one));
    else if (typeof one === "string") made.append(one);
    else for (const [name, value] of Object.entries(one)) made.setAttribute(name, value);
  }
  return made;
};

function panel(stop) {
  const door = make("button", { type: "button", class: "door", "data-room": `${stop.page}.${stop.room}` }, words.door, make("span", { "aria-hidden": "true" }, " →"));
  door.addEventListener("click", () => tell("station-action"));
  const text = make("div", { class: "text" }, make("h3", { class: stop.name === "joins" ? "you" : "" }, ...prose(stop.title)),
    ...stop.sentences.map((sentence) => make("p", {}, ...prose(sentence))), door);
  const lines = stop.formula.map(built);
  for (const one of lines) one.setAttribute("display", "block");
  const numbers = make("div", { class: "numbers" }, make("p", { class: "shape" }, stop.shape),
    lines.length ? make("div", { class: "formula" }, ...lines) : null, stop.key ? make("p", { class: "key" }, stop.key) : null);
  return make("article", { class: "stop", "data-stop": stop.name }, text, numbers);
}

// All of them lie on each other, so that the highest sets the height and nothing moves from step to step.
function mark() {
  const all = stops();
  for (const [index, one] of [...stage.children].entries()) {
    one.classList.toggle("now", index === at);
    one.toggleAttribute("inert", index !== at);
  }
  back.disabled = at === 0;
  forward.disabled = at >= all.length - 1;
  place.textContent = words.place.replace("{at}", at + 1).replace("{all}", all.length);
  line.style.setProperty("--done", all.length > 1 ? at / (all.length - 1) : 0);
  root.classList.toggle("playing", playing);
  const [sign, label] = play.children;
  const ended = !playing && at === all.length - 1;
  sign.textContent = playing ? "❚❚" : ended ? "↺" : "▶";
  label.textContent = playing ? words.pause : ended ? words.again : words.play;
}

function tell(name) {
  const { name: station, page, room } = stops()[at];
  document.dispatchEvent(new CustomEvent(name, { detail: name === "journey-step" ? { station, page, room, playing } : { station, page, room } }));
}

function go(index) {
  const focused = stage.contains(document.activeElement);
  at = index;
  mark();
  if (focused) stage.children[at].querySelector(".door").focus({ preventScroll: true });
  const { title, sentences } = stops()[at];
  told.textContent = [title, ...sentences].map(plain).join(". ").replaceAll("..", ".");
  tell("journey-step");
}

function step(index) { // by hand: who steps has time
  if (index < 0 || index >= stops().length) return;
  pause();
  go(index);
}

// Playing

function start() {
  if (!stops().length) return;
  playing = true;
  left = PAUSE;
  if (at === stops().length - 1) go(0);
  else tell("journey-step");
  mark();
  run();
}

function pause() {
  playing = false;
  hold();
  mark();
}

function hold() {
  if (timer) left = Math.max(400, left - (performance.now() - since));
  clearTimeout(timer);
  timer = 0;
}

function run() { // only while somebody can see it
  if (timer || !playing || !seen || document.hidden) return;
  since = performance.now();
  timer = setTimeout(next, left);
}

function next() {
  timer = 0;
  left = PAUSE;
  if (!element.isConnected) return;
  if (at + 1 >= stops().length) return pause();
  playing = at + 2 < stops().length;
  go(at + 1);
  run();
}

function look() {
  if (!element.isConnected) return document.removeEventListener("visibilitychange", look);
  if (seen && !document.hidden) run();
  else hold();
}

new IntersectionObserver(([entry]) => {
  seen = entry.isIntersecting;
  look();
}).observe(bar);
document.addEventListener("visibilitychange", look);

// Keys, and what others do

root.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || composing(event)) return;
  const along = getComputedStyle(root).direction === "rtl" ? -1 : 1;
  const aimed = { ArrowLeft: at - along, ArrowRight: at + along, Home: 0, End: stops().length - 1 }[event.key];
  if (aimed === undefined || !stops().length) return;
  event.preventDefault();
  event.stopPropagation(); // the arrows of the text are others
  step(aimed);
});

function follow(event) { // a door of the map
  if (!element.isConnected) return document.removeEventListener("station-action", follow);
  const index = stops().findIndex(({ name }) => name === event.detail.station);
  if (index < 0 || index === at) return;
  pause();
  at = index;
  mark();
}
document.addEventListener("station-action", follow);

function draw() {
  const all = stops();
  bar.hidden = stage.hidden = !all.length;
  empty.hidden = all.length > 0;
  if (!all.length) {
    stage.replaceChildren();
    return pause();
  }
  const focused = stage.contains(document.activeElement);
  at = Math.min(at, all.length - 1);
  stage.replaceChildren(...all.map(panel));
  mark();
  if (focused) stage.children[at].querySelector(".door").focus({ preventScroll: true });
}

watch("value", draw);
draw();
