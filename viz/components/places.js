const rooms = JSON.parse(words.rooms); // by the page: the names of its rooms by their ids
const pages = Object.keys(rooms);
const PAUSE = 500; // ms, longer than between two tokens: browsers allow few changes of the address
const PATIENCE = 600; // frames: what a page holds is mounted when it is first opened
let place = null; // as the address says it
let following = false; // the address leads, the page follows
let going = null; // what the page is on its way to: another room may be open for a moment
let at = asksFor(); // the selected token
let settled = 0; // when the text has not been drawn anew for a while
let shown; // what was selected in the text that everybody is shown, a tab that comes back too until it has its own
let own = false; // the text that is shown is the tab's own

const returning = returns();

const button = (id) => document.getElementById(`${id}-button`);
const isOpen = (id) => button(id)?.getAttribute("aria-selected") === "true";
const openOf = (ids) => ids.find(isOpen) ?? null;

function here() {
  const page = openOf(pages.map((one) => `page-${one}`))?.slice("page-".length) ?? pages[0];
  const room = openOf(Object.keys(rooms[page]).map((one) => `room-${one}`))?.slice("room-".length) ?? Object.keys(rooms[page])[0];
  return { page, room };
}

function arrive() { // where the address led: it says now what was selected on the way
  const led = following;
  following = false;
  going = null;
  look();
  if (led) history.replaceState(null, "", address());
}

const isOnTheWay = ({ page, room }) => going && (page !== going.page || (going.room && room !== going.room));
const nameOf = ({ page, room }) => (room ? `${page}.${room}` : page);

function address() { // what others have put there, such as the theme, stays
  const query = new URLSearchParams(location.search);
  query.set("page", place);
  if (at === null) query.delete("at");
  else query.set("at", at);
  return `?${query}${location.hash}`;
}

function look() {
  const now = here();
  for (const link of element.querySelectorAll("[data-page]")) {
    if (link.dataset.page === now.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = element.closest(".gradio-container");
  if (root) {
    root.dataset.page = now.page;
    root.toggleAttribute("data-own-switches", isOpen("tab-head-view")); // what is left to choose is BertViz's own
  }
  if (nameOf(now) === place || isOnTheWay(now)) return;
  const first = place === null;
  place = nameOf(now);
  const room = rooms[now.page][now.room];
  document.title = room ? `${room} · ${words.title}` : words.title;
  if (!first && !following) history.pushState(null, "", address());
  const opened = { page: now.page, room: now.room ?? "" };
  props.value = opened; // every event tells it: what is told of a page that was left may be heard late
  document.dispatchEvent(new CustomEvent("room-opened", { detail: opened }));
}

function press(id, frames, then) {
  if (!element.isConnected) return;
  if (frames === 0) return arrive(); // wherever one is
  const found = button(id);
  if (!found) return requestAnimationFrame(() => press(id, frames - 1, then));
  if (!isOpen(id)) found.click();
  then?.();
}

function go({ page, room }) {
  if (!pages.includes(page)) return;
  going = { page, room: room in rooms[page] ? room : null };
  const last = () => requestAnimationFrame(arrive);
  press(`page-${page}`, PATIENCE, () => (going?.room ? press(`room-${going.room}`, PATIENCE, last) : last()));
}

function wish(query) { // what an address asks for
  const [page, room] = (query.get("page") ?? pages[0]).split(".");
  return { page, room };
}

function returns() { // a tab that comes back is given its text, and the token of its address, by the server
  try {
    return sessionStorage.getItem(words.ticket) !== null;
  } catch {
    return false;
  }
}

function asksFor() { // the token of the address
  const index = Number.parseInt(new URLSearchParams(location.search).get("at"), 10);
  return index > 0 ? index : null;
}

function choose(index, frames) { // once somebody would tell the server
  if (frames === 0 || !element.isConnected) return;
  if (!document.querySelector(`[data-listens="${words.strip}"]`)) return requestAnimationFrame(() => choose(index, frames - 1));
  if (!document.querySelector(`#${words.strip} [data-index="${index}"]`)) return forget();
  document.dispatchEvent(new CustomEvent("token-wanted", { detail: { strip: words.strip, index, linked: true } }));
}

function forget() { // the text has no such token
  at = null;
  history.replaceState(null, "", address());
}

function hear(event) {
  if (!element.isConnected) return leave();
  go(event.detail);
}

function travel(event) { // the journey opens the room of every station beneath itself, while it plays
  if (!element.isConnected) return leave();
  if (event.detail.playing) go(event.detail);
}

function back() {
  if (!element.isConnected) return leave();
  following = true;
  go(wish(new URLSearchParams(location.search)));
  const index = asksFor();
  if (index !== null && index !== at) choose(index, 1);
}

function selected(event) {
  if (!element.isConnected) return leave();
  if (event.detail.strip !== words.strip) return;
  at = event.detail.index;
  if (!following) history.replaceState(null, "", address());
}

function drawn(event) { // a tab that came back: the address says what the server has selected
  if (!element.isConnected) return leave();
  if (event.detail.strip !== words.strip) return;
  const index = event.detail.selected;
  if (shown === undefined) shown = index;
  own ||= index !== shown;
  if (!own || index === at) return;
  at = index;
  clearTimeout(settled);
  settled = setTimeout(() => following || history.replaceState(null, "", address()), PAUSE);
}

function leave() {
  watcher.disconnect();
  document.removeEventListener("place-wanted", hear);
  document.removeEventListener("station-action", hear);
  document.removeEventListener("journey-step", travel);
  document.removeEventListener("token-selected", selected);
  document.removeEventListener("strip-drawn", drawn);
  removeEventListener("popstate", back);
}

element.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-page]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go({ page: link.dataset.page });
});
const watcher = new MutationObserver(look);
watcher.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-selected"] });
document.addEventListener("place-wanted", hear);
document.addEventListener("station-action", hear);
document.addEventListener("journey-step", travel);
document.addEventListener("token-selected", selected);
if (returning) document.addEventListener("strip-drawn", drawn);
addEventListener("popstate", back);
function begin(frames) { // the first page is mounted while it is seen: what stands there is needed on all of them
  if (!element.isConnected) return;
  if (frames === 0) return arrive();
  if (!document.querySelector(`#${words.strip} [data-index]`)) return requestAnimationFrame(() => begin(frames - 1));
  go(wish(asked));
  if (at !== null && !returning) choose(at, PATIENCE);
  else if (at === null && asked.has("at")) forget();
}

const asked = new URLSearchParams(location.search);
following = asked.has("page");
look();
begin(PATIENCE);
