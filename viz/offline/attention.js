// attentionOf(data, bytes): what the chosen head looked at. A byte holds the square root of a weight, see attention.py.
const attentionOf = (data, bytes) => {
  const { words, heads, names } = data;
  let start = 0;
  for (const head of heads) {
    head.bytes = bytes.subarray(start, start + head.size);
    start += head.size;
  }
  const held = (queries) => (queries * (queries + 1)) / 2;
  let open = heads[data.opened];

  // The bytes of one query, a byte for each key up to itself; null where the page does not hold it.
  const row = (query) => (query < open.first || query >= names.length ? null : open.bytes.subarray(held(query) - held(open.first), held(query + 1) - held(open.first)));
  const weightOf = (byte) => (byte / 255) ** 2;
  const share = (weight) => (weight > 0 && weight < 0.001 ? "<0.1 %" : `${(100 * weight).toFixed(1)} %`);

  // The keys that a query looked at most, the largest first.
  function most(query, count) {
    const bytesOf = row(query);
    if (!bytesOf) return [];
    const keys = Array.from(bytesOf, (byte, key) => ({ key, weight: weightOf(byte) }));
    return keys.sort((left, right) => right.weight - left.weight).slice(0, count).filter((one) => one.weight > 0.005);
  }

  const canvas = make("canvas", { id: "heat", role: "img" });
  const told = make("p", { class: "say", id: "heat-told" }, words.heat_say);
  const withoutFirst = make("input", { type: "checkbox", id: "hide-first" });
  withoutFirst.checked = true;
  const picker = make("select", { id: "heads", "aria-label": words.heads }, ...heads.map((head, index) => make("option", { value: index, selected: head === open }, head.name)));
  const partly = make("p", { class: "say" });
  const card = make("section", { class: "card" },
    make("h2", {}, words.attention), make("p", { class: "say" }, words.attention_say),
    make("div", { class: "presses" }, picker, make("label", {}, withoutFirst, " ", words.hide_first)), canvas, told, partly);

  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  function rampOf(most_) { // 256 colours: a byte is a place on the ramp, as both run with the square root
    const stops = data.heat[document.documentElement.classList.contains("dark") ? "dark" : "light"].map(rgb);
    return Array.from({ length: 256 }, (_, byte) => {
      const at = Math.min(1, byte / most_) * (stops.length - 1);
      const low = Math.min(stops.length - 2, Math.floor(at));
      return stops[low].map((part, index) => Math.round(part + (at - low) * (stops[low + 1][index] - part)));
    });
  }

  function draw(selected) {
    const count = names.length;
    const first = withoutFirst.checked ? 1 : 0;
    let largest = 1;
    for (let query = open.first; query < count; query++) for (let key = first; key <= query; key++) largest = Math.max(largest, row(query)[key]);
    const picture = new ImageData(count, count);
    const ramp = rampOf(largest);
    for (let query = open.first; query < count; query++) {
      row(query).forEach((byte, key) => {
        if (key < first) return;
        picture.data.set([...ramp[byte], 255], 4 * (query * count + key));
      });
    }
    const size = Math.min(520, card.clientWidth - 40 || 520);
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(size * scale);
    canvas.style.width = canvas.style.height = `${size}px`;
    const whole = new OffscreenCanvas(count, count);
    whole.getContext("2d").putImageData(picture, 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = count > canvas.width; // more squares than pixels
    context.drawImage(whole, 0, 0, canvas.width, canvas.height);
    const cell = canvas.width / count;
    context.strokeStyle = getComputedStyle(document.body).getPropertyValue("--accent");
    context.lineWidth = 1.5 * scale;
    if (selected > 0) context.strokeRect(0.75 * scale, (selected - 1) * cell, Math.max(cell, selected * cell) - scale, Math.max(cell, 2 * scale));
    canvas.setAttribute("aria-label", `${open.name}. ${words.heat_say}`);
    partly.textContent = open.first ? words.partly.replace("%s", open.first) : "";
  }

  const squareAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (offset, length) => Math.min(names.length - 1, Math.max(0, Math.floor((offset / length) * names.length)));
    return { query: at(event.clientY - box.top, box.height), key: at(event.clientX - box.left, box.width) };
  };
  canvas.addEventListener("pointermove", (event) => {
    const { query, key } = squareAt(event);
    const bytesOf = key <= query ? row(query) : null;
    told.replaceChildren(...(bytesOf ? [verbatim("bdi", {}, names[query]), " → ", verbatim("bdi", {}, names[key]), ` ${share(weightOf(bytesOf[key]))}`] : [words.heat_say]));
  });
  canvas.addEventListener("pointerleave", () => told.replaceChildren(words.heat_say));

  return {
    card, draw, most, share,
    onQuery: (select) => canvas.addEventListener("click", (event) => select(squareAt(event).query + 1)),
    onChange: (redraw) => {
      picker.addEventListener("change", () => {
        open = heads[Number(picker.value)];
        redraw();
      });
      withoutFirst.addEventListener("change", redraw);
    },
    name: () => open.name,
  };
};
