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
const undo = ({ target }) => { // the Undo that a notice offers is that at the top of the page
  if (!element.isConnected) document.removeEventListener("click", undo);
  else if (target.closest?.("[data-undo]")) document.getElementById("undo").click();
};
document.addEventListener("click", undo);
listen("branch-action", (detail) => pass({ ...detail }, detail.action === "save" ? "download" : "select"));
