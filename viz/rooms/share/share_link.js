const field = element.querySelector("input");
const line = element.querySelector('[role="status"]');
const code = element.querySelector(".qr");
const save = element.querySelector("[data-save]");
const RUN = "run";
let wanted = false; // a press waits for its link
let text = null; // of which the field has the link, if it has one

const held = () => new URLSearchParams(location.hash.slice(1)).get(RUN);

function here() { // this page without what belongs to one visit: the token, the theme
  const page = new URLSearchParams(location.search).get("page");
  return `${location.origin}${location.pathname}${page ? `?${new URLSearchParams({ page })}` : ""}`;
}

function returns() { // a tab that had texts before is given them again: see ticket.js
  try {
    return sessionStorage.getItem(words.ticket) !== null;
  } catch {
    return false;
  }
}

async function copy(link) {
  field.select();
  try {
    await navigator.clipboard.writeText(link); // absent where the page came without https
    line.textContent = `${words.copied} ${props.value.said}`;
  } catch {
    line.textContent = `${words.select} ${props.value.said}`;
  }
}

function reveal() { // the card at the top of the drawer, and the drawer in sight: one may be far down the page
  const [drawer, card] = [element.closest("#texts"), element.closest(".card")];
  if (!drawer || !card) return;
  drawer.scrollIntoView({ block: "nearest" });
  drawer.scrollTop += card.getBoundingClientRect().top - drawer.getBoundingClientRect().top;
}

function draw() {
  const { link, said, qr, opened } = props.value ?? {};
  if (opened) return history.replaceState(null, "", location.pathname + location.search); // else a reload opens it once more
  if (link === undefined) return;
  field.value = link;
  save.hidden = link !== "";
  code.toggleAttribute("hidden", !qr);
  if (qr) {
    code.setAttribute("viewBox", `0 0 ${qr.size} ${qr.size}`);
    code.querySelector("path").setAttribute("d", qr.path);
  }
  line.textContent = said;
  if (wanted) reveal(); // there is more in the card now
  if (wanted && link) copy(link);
  wanted = false;
}

function press(event) {
  if (!element.isConnected) return document.removeEventListener("click", press);
  if (!event.target.closest("#share")) return;
  element.closest(".gradio-container").classList.add("texts-open");
  document.getElementById("texts-button")?.setAttribute("aria-expanded", "true");
  ask();
}

function change(event) { // a link of another text, or of another token in it, is none of this one
  if (!element.isConnected) return document.removeEventListener("strip-drawn", change);
  if (event.detail.strip !== words.strip) return;
  const now = JSON.stringify([event.detail.tokens, event.detail.selected]);
  if (now === text) return;
  text = now;
  field.value = "";
  line.textContent = "";
  save.hidden = true;
  code.toggleAttribute("hidden", true);
}

function ask() { // for the link of what is on the page now
  reveal();
  field.focus({ preventScroll: true });
  wanted = true;
  field.value = "";
  line.textContent = words.asking;
  props.value = { ask: here() };
  trigger("submit", {});
}

function open(returning) {
  const run = held();
  if (run === null) return;
  props.value = { open: run, returns: returning };
  trigger("select", {});
}

function follow() { // a link that is put into the address of an open page loads nothing
  if (!element.isConnected) return removeEventListener("hashchange", follow);
  open(false);
}

element.querySelector("[data-copy]").addEventListener("click", ask);
save.addEventListener("click", () => document.dispatchEvent(new CustomEvent("branch-action", { detail: { action: "save", what: "text" } })));
document.addEventListener("click", press);
document.addEventListener("strip-drawn", change);
addEventListener("hashchange", follow);
watch("value", draw);
open(returns());
