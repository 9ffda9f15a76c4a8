function follow(event) {
  if (!element.isConnected) return document.removeEventListener("station-action", follow);
  props.value = { ...event.detail };
  trigger("select", {});
}
document.addEventListener("station-action", follow);
