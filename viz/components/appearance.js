const look = () => {
  const dark = [document.body, document.documentElement].some((root) => root.classList.contains("dark"));
  if (dark !== props.value?.dark) props.value = { dark };
};
const watcher = new MutationObserver(() => (element.isConnected ? look() : watcher.disconnect()));
for (const root of [document.body, document.documentElement]) {
  watcher.observe(root, { attributes: true, attributeFilter: ["class"] });
}
setTimeout(look); // a value set while Gradio still mounts the component is taken back
