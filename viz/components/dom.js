// make("td", {class: "n"}, "text", child): an element; strings become text, never markup.
const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") made.style.cssText = value; // not as an attribute: a saved page allows none
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
};
// offer("a,b", "text/csv", "table.csv"): a file that the browser makes; none is written on the server.
const offer = (text, type, name) => {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000); // not before the browser has read it
};
// A token or a text: it keeps its own direction, and no translator of the browser rewrites it.
const verbatim = (tag, attributes, ...children) => make(tag, { dir: "auto", translate: "no", ...attributes }, ...children);
// A sentence of the server, in which tokens stand between U+2068 and U+2069.
const prose = (text) => String(text ?? "").split(/\u2068([^\u2068\u2069]*)\u2069/).map((part, index) => (index % 2 ? verbatim("bdi", {}, part) : part));
// Enter, Escape and arrows that an input method takes for itself, while it composes a character.
const composing = (event) => event.isComposing || event.keyCode === 229;
// watch("value", betweenCharacters(root, draw)): draws, but not while an input method composes in a field of `root`, which would be lost.
const betweenCharacters = (root, draw) => {
  let composes = false;
  let late = false; // a value came meanwhile
  const now = () => {
    late = composes;
    if (!composes) draw();
  };
  root.addEventListener("compositionstart", () => (composes = true));
  root.addEventListener("compositionend", () => {
    composes = false;
    if (late) setTimeout(now); // once the browser has put the character there
  });
  return now;
};
// A biased token, whose press takes the bias back: the `ChainChoice` of the page hears of it. Its name begins with what
// can be read on it, for those who press buttons by voice.
const biasChip = (one, remove) => {
  const read = [one.token, one.bias].filter(Boolean).join(" ");
  const label = remove.replace("%s", () => read); // a function: `$&` in a token stands for nothing
  const made = make("button", { type: "button", class: "pill chip", title: label, "aria-label": label, "data-key": `chip ${one.token_id}` },
    verbatim("span", { class: "name" }, one.token), one.bias ? ` ${one.bias}` : "", make("span", { "aria-hidden": "true" }, " ×"));
  made.addEventListener("click", () => document.dispatchEvent(new CustomEvent("chain-unbias", { detail: { token_id: one.token_id } })));
  return made;
};
