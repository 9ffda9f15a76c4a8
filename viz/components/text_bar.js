const bar = element.querySelector(".text-bar");
const line = bar.querySelector(".line");
const chance = bar.querySelector(".chance");
const back = bar.querySelector(".back");
const on = bar.querySelector(".on");
const unfold = bar.querySelector(".unfold");
const AROUND = 60; // tokens on either side: more than fit in the line
const isOpen = () => unfold.getAttribute("aria-expanded") === "true";
let text = { tokens: [], selected: null, next: false, dir: "ltr" };

bar.setAttribute("aria-label", words.group);
name(back, words.before, "←");
name(on, words.after, "→");
fold(false);

function name(button, label, sign) {
  button.title = label;
  button.setAttribute("aria-label", label);
  button.textContent = sign;
}

function fold(open) {
  document.querySelector(".gradio-container")?.classList.toggle("unfolded", open);
  unfold.setAttribute("aria-expanded", String(open));
  name(unfold, open ? words.fold : words.unfold, open ? "▴" : "▾");
  if (text.tokens.length) draw();
}

// Inline and not boxes: so the browser orders words of both directions by itself, and letters join.
function piece(token, index) {
  const kind = [token.kind, token.mark].filter(Boolean).join(" ");
  const broken = isOpen() ? "\n".repeat(token.breaks) : "";
  return make("span", { class: kind, "data-at": index }, token.text + broken + (token.tail ? ` ${token.tail}` : ""));
}

function draw() {
  const { tokens, selected, next, dir } = text;
  const at = selected ?? tokens.length - 1;
  const around = isOpen() ? tokens.length : AROUND;
  const first = Math.max(0, at - around);
  const shown = tokens.slice(first, at + around + 1);
  line.dir = dir;
  line.replaceChildren(...shown.map((token, index) => piece(token, first + index)));
  if (next && first + shown.length === tokens.length) line.append(make("span", { class: "next", "data-at": tokens.length }, words.next));
  if (!tokens.length) line.append(make("span", { class: "prompt" }, words.none));
  mark();
}

function mark() {
  const { tokens, selected, next } = text;
  const now = line.querySelector(`[data-at="${selected}"]`);
  line.querySelector("[aria-current]")?.removeAttribute("aria-current");
  now?.setAttribute("aria-current", "true");
  const middle = now ? now.offsetLeft + now.offsetWidth / 2 : line.scrollWidth;
  line.scrollLeft = middle - line.clientWidth / 2;
  if (now && isOpen()) line.scrollTop = now.offsetTop - line.clientHeight / 2;
  chance.textContent = tokens[selected]?.chance ?? "";
  back.disabled = !(selected > 1);
  on.disabled = !(selected !== null && selected < tokens.length - (next ? 0 : 1));
}

// The strip keeps the tokens that stay: the same objects, of which there may be thousands with every new one.
const alike = (one, other) =>
  one.next === other.next && one.dir === other.dir && one.tokens.length === other.tokens.length && one.tokens.every((token, at) => token === other.tokens[at]);

function hear(event) {
  if (!element.isConnected) return document.removeEventListener("strip-drawn", hear);
  if (event.detail.strip !== words.strip) return;
  const before = text;
  text = event.detail;
  if (alike(before, text) && line.querySelector(`[data-at="${text.selected}"]`)) mark();
  else draw();
}

const choose = (index) => document.dispatchEvent(new CustomEvent("token-wanted", { detail: { strip: words.strip, index } }));
line.addEventListener("click", (event) => {
  const at = event.target.closest("[data-at]")?.dataset.at;
  if (at !== undefined) choose(Math.max(1, Number(at)));
});
back.addEventListener("click", () => choose(text.selected - 1));
on.addEventListener("click", () => choose(text.selected + 1));
unfold.addEventListener("click", () => fold(unfold.getAttribute("aria-expanded") !== "true"));
document.addEventListener("strip-drawn", hear);
new ResizeObserver(mark).observe(line);
document.dispatchEvent(new CustomEvent("strip-asked", { detail: { strip: words.strip } }));
