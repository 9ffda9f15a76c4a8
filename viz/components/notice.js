// What could not be done, or took a while to find out, is read before anything takes its place: what was asked for earlier,
// and is answered late, does not.
// It goes with the next thing that the person does.
const ACTS = ["pointerdown", "keydown", "click", "input"];
const root = element.querySelector(".told");
let drawn = null; // what stands there
let unanswered = false; // something that stays does, and nothing was done since

function draw() {
  const value = props.value ?? "";
  const stays = value.startsWith('<p class="notice problem"') || value.startsWith('<p class="notice stays"');
  if (value === drawn || (unanswered && !stays)) return;
  unanswered = stays;
  drawn = value;
  root.innerHTML = value; // escaped where it was made
}

function act(event) {
  if (!element.isConnected) return ACTS.forEach((name) => document.removeEventListener(name, act, true));
  if (!unanswered || !event.isTrusted) return;
  unanswered = false;
  draw();
}

ACTS.forEach((name) => document.addEventListener(name, act, true));
watch("value", draw);
draw();
