const list = element.querySelector(".token-map");
const PATIENCE = 2500; // ms in which the page may still be told of an earlier press
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
list.setAttribute("aria-label", words.map);

let opened = null; // what the browser shows as open
let awaited = false; // a press that no value has answered yet
let trustAgain = 0;
let drawnFor = ""; // names and box of the stations that stand there

const stations = () => props.value?.stations ?? [];
const tabs = () => [...list.querySelectorAll("[data-station]")];

function station(one) {
  const title = make("span", { class: one.you ? "title you" : "title" });
  const made = make("button", { type: "button", role: "tab", class: "station", "data-station": one.name, "aria-selected": "false", tabindex: -1 },
    title, make("span", { class: "live" }), make("span", { class: "caption" }));
  made.addEventListener("click", () => press(one.name));
  return made;
}

const way = () => make("span", { class: "way", "aria-hidden": "true" });

function build(value) { // the elements stay where they are while numbers change: focus, scroll position
  const key = value.stations.map(({ name, layer }) => `${name}${layer ? "*" : ""}`).join();
  if (key === drawnFor) return;
  drawnFor = key;
  list.replaceChildren();
  let box = null;
  value.stations.forEach((one, index) => {
    if (one.layer && !box) {
      box = make("span", { class: "layers", role: "presentation" }, make("span", { class: "times", "aria-hidden": "true" }));
      list.append(index ? way() : "", box);
    } else if (index) (one.layer ? box : list).append(way());
    (one.layer ? box : list).append(station(one));
    if (!one.layer) box = null;
  });
}

function put(place, text) {
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.replaceChildren(...prose(text));
}

const plain = (text) => String(text).replace(/[\u2068\u2069]/g, "");

function fill(one, each) {
  const tab = list.querySelector(`[data-station="${CSS.escape(one.name)}"]`);
  const [title, live, caption] = tab.children;
  title.classList.toggle("you", one.you);
  put(title, one.title);
  put(live, one.live);
  put(caption, one.caption);
  const label = [plain(one.title), plain(one.live), plain(one.caption), one.layer && each].filter(Boolean).join(", ");
  if (tab.getAttribute("aria-label") !== label) tab.setAttribute("aria-label", label);
  tab.title = `${plain(one.title)}: ${plain(one.live)}\n${plain(one.caption)}`;
}

function mark() {
  const focused = tabs().find((tab) => tab === document.activeElement);
  const entry = focused?.dataset.station ?? opened ?? stations()[0]?.name;
  for (const tab of tabs()) {
    const now = tab.dataset.station === opened;
    tab.setAttribute("aria-selected", String(now));
    tab.tabIndex = tab.dataset.station === entry ? 0 : -1;
  }
}

function show(tab) { // sideways, within the map's own box; the page stays where it is
  const [box, at] = [list.getBoundingClientRect(), tab.getBoundingClientRect()];
  const room = 28;
  if (at.left < box.left + room) list.scrollLeft -= box.left + room - at.left;
  else if (at.right > box.right - room) list.scrollLeft += at.right - box.right + room;
}

function open(name) {
  opened = name;
  mark();
  const tab = tabs().find((one) => one.dataset.station === name);
  if (tab) show(tab);
}

function press(name) {
  const one = stations().find((each) => each.name === name);
  if (!one) return;
  awaited = true; // answers to earlier presses must not pull it back
  clearTimeout(trustAgain);
  trustAgain = setTimeout(() => (awaited = false), PATIENCE);
  open(name);
  document.dispatchEvent(new CustomEvent("station-action", { detail: { station: name, page: one.page, room: one.room } }));
}

function follow(event) { // somebody opened a room in another way
  if (!element.isConnected) return document.removeEventListener("room-opened", follow);
  const { page, room } = event.detail;
  const here = stations().find((one) => one.name === opened);
  if (here && here.page === page && here.room === room) return; // several stations may lead to one room
  open(stations().find((one) => one.page === page && one.room === room)?.name ?? null);
}

function accompany(event) { // the journey has come to a station
  if (!element.isConnected) return document.removeEventListener("journey-step", accompany);
  for (const tab of tabs()) {
    const here = tab.dataset.station === event.detail.station;
    tab.classList.toggle("here", here);
    if (here) show(tab);
  }
}

list.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || composing(event)) return;
  const all = tabs();
  const at = all.indexOf(event.target.closest("[data-station]"));
  const along = getComputedStyle(list).direction === "rtl" ? -1 : 1;
  const aimed = event.key in STEPS ? (at + STEPS[event.key] * along + all.length) % all.length : { Home: 0, End: all.length - 1 }[event.key];
  if (at < 0 || aimed === undefined) return;
  event.preventDefault();
  event.stopPropagation(); // the arrows of the text and of Gradio's tabs are others
  all[aimed].focus({ preventScroll: true });
  mark();
  show(all[aimed]);
});
list.addEventListener("focusout", () => setTimeout(mark)); // Tab comes back to the station that is open

function edges() { // where there is more than is seen, the edge fades
  const rest = list.scrollWidth - list.clientWidth - Math.abs(list.scrollLeft);
  list.classList.toggle("before", Math.abs(list.scrollLeft) > 4);
  list.classList.toggle("after", rest > 4);
}
list.addEventListener("scroll", edges, { passive: true });
new ResizeObserver(edges).observe(list);

function draw() {
  const value = props.value;
  list.hidden = !value?.stations?.length;
  if (list.hidden) return;
  build(value);
  list.querySelector(".times")?.replaceChildren(value.layers);
  for (const one of value.stations) fill(one, value.each);
  const told = value.stations.find((one) => one.open)?.name ?? null;
  if (told === opened) awaited = false;
  if (!awaited && told !== null && told !== opened) open(told);
  else mark();
  edges();
}

document.addEventListener("room-opened", follow);
document.addEventListener("journey-step", accompany);
watch("value", draw);
draw();

// The card is seen once there is something above it, which would push it down otherwise.
const card = element.closest(".map-card");
function settle() {
  if (element.isConnected && !document.querySelector(".compose-card #prompt, #rooms-inside, #rooms-why, #rooms-lab")) return;
  card.toggleAttribute("data-placed", true);
  placing.disconnect();
}
const placing = new MutationObserver(settle);
if (card) {
  placing.observe(document.body, { childList: true, subtree: true });
  settle();
}

// One line high where the page is scrolled past it: the card stays as long as it was, so that nothing jumps.
let whole = 0; // px of the card in full
function fold() {
  if (!element.isConnected) return removeEventListener("scroll", fold);
  const slim = card.classList.contains("slim");
  if (!slim) whole = card.offsetHeight;
  const wanted = card.closest(".gradio-container").dataset.page !== "explore" && scrollY > 40;
  if (wanted === slim) return;
  card.classList.toggle("slim", wanted);
  card.style.marginBottom = wanted ? `${whole - card.offsetHeight}px` : "";
}
if (card) addEventListener("scroll", fold, { passive: true });
