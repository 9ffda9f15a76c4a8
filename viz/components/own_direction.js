// Gradio writes a direction of its own on its fields, once: that of what is typed takes its place.
const FIELDS = words.fields;
let waiting = 0;
function look() {
  waiting = 0;
  for (const field of document.querySelectorAll(FIELDS)) if (field.dir !== "auto") field.dir = "auto";
}
const watcher = new MutationObserver(() => {
  if (!element.isConnected) return watcher.disconnect();
  waiting ||= requestAnimationFrame(look);
});
watcher.observe(document.body, { childList: true, subtree: true });
look();
