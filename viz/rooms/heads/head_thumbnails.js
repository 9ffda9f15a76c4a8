const note = element.querySelector(".say");
const box = element.querySelector(".thumbnails");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const LEVELS = 256;

function inks(colours) { // the colour of every level, as the browser blends them
  const strip = make("canvas", { width: LEVELS, height: 1 }).getContext("2d");
  const ramp = strip.createLinearGradient(0, 0, LEVELS, 0);
  colours.forEach((colour, index) => ramp.addColorStop(index / (colours.length - 1), colour));
  strip.fillStyle = ramp;
  strip.fillRect(0, 0, LEVELS, 1);
  return strip.getImageData(0, 0, LEVELS, 1).data;
}

function paint(canvas, picture, size, ink) {
  const image = new ImageData(size, size);
  const levels = atob(picture);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) { // what comes later stays clear
      const cell = row * size + column;
      const level = 4 * levels.charCodeAt(cell);
      for (let channel = 0; channel < 4; channel += 1) image.data[4 * cell + channel] = ink[level + channel];
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function draw() {
  const value = props.value;
  note.textContent = value?.note || words.empty;
  const pictures = value?.pictures || [];
  while (box.children.length > pictures.length) box.lastChild.remove();
  if (!pictures.length) return;
  const ink = inks(value.colours);
  pictures.forEach((picture, head) => {
    const button = box.children[head] || box.appendChild(make("button", { type: "button" }, make("canvas", { "aria-hidden": "true" }), make("span")));
    const canvas = button.firstChild;
    canvas.width = canvas.height = value.size;
    paint(canvas, picture, value.size, ink);
    button.lastChild.textContent = fill(words.head, { head });
    button.dataset.layer = value.layer;
    button.dataset.head = head;
    button.setAttribute("aria-label", fill(words.open, { layer: value.layer, head }));
    if (head === value.opened) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

box.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const detail = { action: "open", layer: Number(button.dataset.layer), head: Number(button.dataset.head) };
  document.dispatchEvent(new CustomEvent("head-action", { detail }));
});

watch("value", draw);
draw();
