function follow(event) {
  if (!element.isConnected) return document.removeEventListener("token-selected", follow);
  if (event.detail.strip !== words.strip) return;
  props.value = { index: event.detail.index };
  trigger("select", { index: event.detail.index });
}
document.addEventListener("token-selected", follow);
element.querySelector("span").dataset.listens = words.strip; // until then nobody would tell the server
