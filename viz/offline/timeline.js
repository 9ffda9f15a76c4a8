// courseOf(data, attention): surprisal and entropy along the text, and above them arcs to the tokens that the selected step looked at.
const courseOf = (data, attention) => {
  const { words, course, names } = data;
  const SPACE = "http://www.w3.org/2000/svg";
  const ARCS = 92, BARS = 96, FOOT = 18, SIDE = 30;
  const HEIGHT = ARCS + BARS + FOOT;
  const MOST_ARCS = 12, MOST_TOLD = 5;

  function shape(tag, attributes, text) {
    const made = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const picture = shape("svg", { id: "course", role: "img", "aria-label": words.course_say });
  const looked = make("p", { class: "say", id: "looked" });
  const key = make("p", { class: "say key" }, make("i", { class: "bar-key" }), ` ${words.surprisal}  `, make("i", { class: "line-key" }), ` ${words.entropy}  `, make("i", { class: "arc-key" }), ` ${words.looked}`);
  const card = make("section", { class: "card" }, make("h2", {}, words.course), make("p", { class: "say" }, words.course_say), key, picture, looked);
  const most = Math.max(1, ...course.flatMap((bits) => bits ?? []));

  function draw(selected, shown) {
    const width = Math.max(240, card.clientWidth - 40);
    const step = (width - SIDE - 6) / (names.length + 1);
    const x = (position) => SIDE + (position + 0.5) * step;
    const y = (bits) => ARCS + BARS * (1 - bits / most);
    const parts = [shape("line", { x1: SIDE, x2: width, y1: ARCS + BARS, y2: ARCS + BARS, class: "axis" })];
    for (const bits of [0, most / 2, most]) parts.push(shape("text", { x: SIDE - 5, y: y(bits) + 4, class: "tick", "text-anchor": "end" }, bits.toFixed(bits === 0 ? 0 : 1)));
    parts.push(shape("rect", { x: x(selected) - step / 2, y: 2, width: step, height: ARCS + BARS - 2, class: "here" }));
    let line = "";
    course.slice(0, shown).forEach((bits, position) => {
      if (!bits) return (line += "M");
      const left = x(position) - step / 2;
      parts.push(shape("rect", { x: left + (step > 4 ? 0.5 : 0), y: y(bits[0]), width: Math.max(0.5, step - (step > 4 ? 1 : 0)), height: ARCS + BARS - y(bits[0]), class: position === selected ? "bits chosen" : "bits" }));
      line += `${line === "" || line.endsWith("M") ? (line.endsWith("M") ? "" : "M") : "L"}${left} ${y(bits[1])}L${left + step} ${y(bits[1])}`;
      return line;
    });
    if (/\d/.test(line)) parts.push(shape("path", { d: line.replace(/M+(?=M|$)/g, ""), class: "entropy" }));
    const keys = attention.most(selected - 1, MOST_ARCS);
    for (const { key: at, weight } of keys) {
      const [from, to] = [x(selected), x(at)];
      const high = Math.max(6, Math.min(ARCS - 6, Math.abs(from - to) * 0.45));
      parts.push(shape("path", { d: `M${from} ${ARCS}C${from} ${ARCS - high * 1.3} ${to} ${ARCS - high * 1.3} ${to} ${ARCS}`, class: "arc", "stroke-width": 0.8 + 5 * weight, "stroke-opacity": 0.2 + 0.8 * Math.sqrt(weight) }));
    }
    for (let position = 0; position < names.length; position += [1, 2, 5, 10, 20, 50, 100, 200, 500].find((each) => names.length / each < Math.max(3, width / 110)) ?? 500) {
      parts.push(shape("text", { x: x(position), y: HEIGHT - 4, class: "tick", "text-anchor": "middle" }, position));
    }
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.setAttribute("width", width);
    picture.setAttribute("height", HEIGHT);
    picture.replaceChildren(...parts);
    tell(selected, keys.slice(0, MOST_TOLD));
  }

  function tell(selected, keys) {
    if (!keys.length) return looked.replaceChildren(selected > 0 ? words.looked_nowhere : words.first_token);
    const each = keys.flatMap(({ key: at, weight }, index) => [
      index ? ", " : " ",
      make("button", { type: "button", class: "pill key-of", "data-to": at, translate: "no" }, verbatim("bdi", {}, names[at])),
      ` ${attention.share(weight)}`,
    ]);
    return looked.replaceChildren(words.looked_at.replace("%h", () => attention.name()).replace("%s", selected - 1), ...each);
  }

  function positionAt(event) {
    const box = picture.getBoundingClientRect();
    const step = (box.width - SIDE - 6) / (names.length + 1);
    return Math.floor((event.clientX - box.left - SIDE) / step);
  }

  return {
    card, draw,
    onToken: (select) => {
      picture.addEventListener("click", (event) => select(positionAt(event)));
      looked.addEventListener("click", (event) => {
        const button = event.target.closest("[data-to]");
        if (button) select(Number(button.dataset.to));
      });
    },
  };
};
