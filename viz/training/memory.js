// Which trainings are this person's: their names, kept by the browser, so that a server that has started anew knows.
const recall = () => {
  try {
    const kept = JSON.parse(localStorage.getItem(words.kept) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // forbidden, or not what we wrote
  }
};
const before = recall();
watch("value", () => {
  const names = props.value?.names;
  if (!names) return;
  try {
    localStorage.setItem(words.kept, JSON.stringify(names));
  } catch {
    // full or forbidden: then a new server does not know
  }
});
if (before.length > 0) {
  props.value = { before };
  trigger("select", {});
}
