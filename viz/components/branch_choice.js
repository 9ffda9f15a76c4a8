const listen = (name, take) => {
  const hear = (event) => {
    if (!element.isConnected) document.removeEventListener(name, hear);
    else if (event.detail) take(event.detail);
  };
  document.addEventListener(name, hear);
};
const pass = (value, event) => {
  props.value = value;
  trigger(event, {});
};
listen("token-action", ({ action, token_id }) => {
  if (action === "branch") pass({ action, token_id }, "submit");
});
listen("branch-action", (detail) => pass({ ...detail }, detail.action === "save" ? "download" : "select"));
