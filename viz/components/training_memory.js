// Which trainings are this person's: their names, kept by the browser, so that a server that has started anew knows.
const ASKS = 20; // a second apart: nobody listens before the page is wired
const recall = () => {
  try {
    const kept = JSON.parse(localStorage.getItem(words.kept) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // forbidden, or not what we wrote
  }
};
let heard = false;
function tell(before, asks) {
  if (heard || asks === 0) return;
  props.value = { before };
  trigger("select", {});
  setTimeout(() => tell(before, asks - 1), 1000);
}
watch("value", () => {
  const names = props.value?.names;
  if (!names) return;
  heard = true;
  try {
    localStorage.setItem(words.kept, JSON.stringify(names));
  } catch {
    // full or forbidden: then a new server does not know
  }
});
const before = recall();
if (before.length > 0) tell(before, ASKS);
