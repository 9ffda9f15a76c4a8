// A session storage belongs to one tab and outlives a reload. Where a browser forbids it, nothing comes back.
const PROMPT = "gpt-inside-out-prompt";
const recall = (name) => {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
};
const keep = (name, value) => {
  try {
    if (typeof value === "string") sessionStorage.setItem(name, value);
  } catch {
    // full or forbidden
  }
};
const before = recall(words.ticket);
const OLDER = `${words.ticket}-before`; // a page that goes before it has its texts again leaves the way to them
const older = recall(OLDER);
const prompt = recall(PROMPT);
// A link that is opened in the tab says which token it means; a page that is loaded anew keeps the one it had.
const [visit] = performance.getEntriesByType("navigation");
const linked = visit?.type === "reload" ? NaN : Number.parseInt(new URLSearchParams(location.search).get("at"), 10);
const first = window.gradio_config?.components?.find(({ props }) => props.elem_id === words.prompt)?.props.value;
let typed = false;
const note = ({ type }) => {
  typed ||= type === "input";
  const now = document.querySelector(`#${words.prompt} textarea`)?.value;
  if (typed || now !== first) keep(PROMPT, now); // else what was typed before has perhaps not come back yet
};
for (const name of ["input", "pagehide", "visibilitychange"]) {
  (name === "pagehide" ? window : document).addEventListener(name, note);
}
let told = false;
watch("value", () => {
  if (props.value?.forgotten) document.dispatchEvent(new CustomEvent("texts-forgotten"));
  const now = props.value?.now;
  if (told || !now) return;
  told = true;
  keep(words.ticket, now);
  if (before === null) return;
  keep(OLDER, before);
  const texts = recall(words.copy) !== null;
  props.value = { now, before, older, prompt, at: linked > 0 ? linked : null, texts };
  trigger("select", {});
});
