function follow(event) {
  if (!element.isConnected) return document.removeEventListener("chain-dials", follow);
  props.value = event.detail;
  trigger("select", {});
}
document.addEventListener("chain-dials", follow);
