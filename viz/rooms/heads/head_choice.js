function follow(event) {
  if (!element.isConnected) return document.removeEventListener("head-action", follow);
  const { action, ...detail } = event.detail;
  props.value = { ...props.value, ...detail };
  trigger(action === "open" ? "select" : "submit", {});
}
document.addEventListener("head-action", follow);
