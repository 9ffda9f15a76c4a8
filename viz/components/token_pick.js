function follow(event) {
  if (!element.isConnected) return document.removeEventListener("token-picked", follow);
  props.value = { token_id: event.detail.token_id };
}
document.addEventListener("token-picked", follow);
