// A session storage belongs to one tab and outlives a reload. Where a browser forbids it, nothing comes back.
const TICKET = "gpt-inside-out-ticket";
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
const before = recall(TICKET);
const prompt = recall(PROMPT);
const note = () => keep(PROMPT, document.querySelector(`#${words.prompt} textarea`)?.value);
for (const name of ["input", "pagehide", "visibilitychange"]) {
  (name === "pagehide" ? window : document).addEventListener(name, note);
}
let told = false;
watch("value", () => {
  const now = props.value?.now;
  if (told || !now) return;
  told = true;
  keep(TICKET, now);
  if (before === null) return;
  props.value = { now, before, prompt };
  trigger("select", {});
});
