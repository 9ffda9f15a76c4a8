// tokenCells(strip, words): the tokens of a text as buttons in their box, of which only those are drawn anew that changed.
// What may stand behind the last one, the caret and the token that would come next, is put there by whoever draws.
const tokenCells = (strip, words) => {
  const cells = []; // one per token: its button, the breaks after it, and the word that what follows may be part of
  const BYTE = /(<0x[0-9A-F]{2}>)/;
  const caret = make("span", { class: "caret", "aria-hidden": "true" });
  const unmarked = { type: "button", "aria-pressed": "false", tabindex: -1 };
  const next = make("button", { ...unmarked, class: "next", dir: "ltr", title: words.next_title }, words.next);

  function label(text) {
    const spaces = text.length - text.trimStart().length;
    return [...Array.from(text.slice(0, spaces), (space) => make("span", { class: "space" }, space)), ...signs(text.slice(spaces))];
  }

  function signs(text) { // what stands for something that cannot be seen is fainter than what can
    return text.split(words.mark).flatMap((part, index) => (index ? [make("span", { class: "hidden" }, words.mark), part] : [part]));
  }

  function bytes(text) { // `<0xE4>` for whoever listens or copies, of which two digits are seen
    const digits = (byte) => make("span", { class: "byte" }, make("i", {}, "<0x"), byte.slice(3, 5), make("i", {}, ">"));
    return text.split(BYTE).flatMap((part, index) => (index % 2 ? [digits(part)] : label(part)));
  }

  const seen = (token, text) => (token.mark === "bytes" ? bytes(text) : label(text));

  // The box is from left to right, as its title is; what it reads may not be.
  function read(token, text, level) {
    const inside = seen(token, text);
    return level % 2 || token.joins ? [make("span", { dir: level % 2 ? "rtl" : "ltr", class: token.joins }, ...inside)] : inside;
  }

  const line = (dir) => make("div", { class: "line", dir });
  const content = (place) => Array.from(place.children).filter((one) => one !== caret && one !== next);
  const base = (place) => (place.dir === "rtl" ? 1 : 0);

  // Boxes have no direction for the browser: those that run against their line stand in a stretch of their own.
  function stretch(level) {
    let place = strip.lastElementChild;
    for (let above = base(place) + 1; above <= level; above++) {
      const end = content(place).at(-1);
      place = end?.matches(".stretch") ? end : put(make("span", { class: "stretch", dir: above % 2 ? "rtl" : "ltr" }), place);
    }
    return place;
  }

  function put(made, place) {
    place.insertBefore(made, [caret, next].find((end) => end.parentNode === place) ?? null);
    return made;
  }

  function wordIn(place, before) {
    return before?.parentNode === place ? before : put(make("span", { class: "word" }), place);
  }

  function cell(token, index) {
    const kind = [token.kind, token.mark, token.forced && "forced", token.part && "part"].filter(Boolean).join(" ");
    const button = make("button", { ...unmarked, class: kind, dir: "ltr", "data-index": index }, ...read(token, token.text, token.level));
    let word = wordIn(stretch(token.level), token.joined && index > 0 ? cells[index - 1].word : null);
    const parts = [button, ...Array.from({ length: token.breaks }, () => make("br"))];
    word.append(...parts);
    if (token.breaks) strip.append(line(token.after));
    if (token.tail) { // a button is a box and cannot go on in the next line: the rest of its token stands there by itself
      word = wordIn(stretch(token.tail_level));
      const tail = make("span", { class: `tail ${token.kind}`, "data-of": index }, ...seen(token, token.tail));
      word.append(tail);
      parts.push(tail);
    }
    return { button, word, parts };
  }

  function remove({ parts, token }) {
    for (const part of parts) {
      let place = part.parentNode;
      part.remove();
      while (place !== strip && !place.matches(".line") && !place.hasChildNodes()) {
        const outer = place.parentNode;
        place.remove();
        place = outer;
      }
    }
    if (token.breaks) strip.lastElementChild.remove();
  }

  const keyOf = (token) => {
    const { title, weight, ...drawn } = token;
    return JSON.stringify(drawn);
  };

  function tint(drawn, token) {
    if (drawn.button.title !== token.title) drawn.button.title = token.title;
    if (drawn.weight === token.weight) return;
    drawn.weight = token.weight;
    for (const part of drawn.parts) part.style.setProperty("--w", token.weight);
  }

  function draw(sources, dir) {
    if (!strip.firstElementChild) strip.append(line(dir));
    strip.firstElementChild.dir = dir;
    const tokens = sources.map((source, index) => (cells[index]?.source === source ? cells[index].token : JSON.parse(source)));
    const changed = tokens.findIndex((token, index) => cells[index]?.token !== token && cells[index]?.key !== keyOf(token));
    const focused = cells.findIndex(({ button }) => button === document.activeElement);
    cells.splice(changed < 0 ? tokens.length : changed).reverse().forEach(remove);
    tokens.forEach((token, index) => {
      if (index === cells.length) cells.push({ key: keyOf(token), ...cell(token, index) });
      if (cells[index].token !== token) tint(cells[index], token);
      Object.assign(cells[index], { token, source: sources[index] });
    });
    if (focused >= 0 && cells[focused] && !strip.contains(document.activeElement)) {
      cells[focused].button.focus({ preventScroll: true });
    }
  }

  function close(value) { // what stands behind the last token
    next.dataset.next = value.tokens.length; // not an index: it is no token yet
    if (!value.next) next.remove();
    else if (strip.lastElementChild.lastElementChild !== next) strip.lastElementChild.append(next);
    if (value.writing) strip.lastElementChild.insertBefore(caret, value.next ? next : null);
    else caret.remove();
  }

  return {
    cells,
    next,
    draw: (value) => {
      draw(value.tokens, value.dir ?? "ltr");
      close(value);
    },
  };
};

// tokenLegend(legend, shown): what the tint of the tokens means.
const tokenLegend = (legend, shown) => {
  legend.replaceChildren();
  if (!shown) return;
  const ticks = make("span", { class: "ticks" }, ...shown.ticks.map((tick) => make("span", {}, tick)));
  legend.append(make("span", {}, shown.low), make("span", { class: "scale" }, make("i"), ticks));
  legend.append(make("span", {}, shown.high), make("span", { class: "quiet" }, shown.quiet));
};
