// A saved run: the strip, the table of each step, the course of the text, attention, and the writing played again.
const unpacked = async (id) => {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const replay = (data, bytes) => {
  const { words, strip: whole, tables } = data;
  const PACE = 140; // ms between two tokens that are played
  const root = document.documentElement;
  const sources = whole.tokens.map((token) => JSON.stringify(token));
  const last = tables.length - 1;
  let selected = data.selected;
  let shown = sources.length;
  let playing = 0;

  // Its parts

  const strip = make("div", { class: "strip", id: "tokens", role: "group", "aria-label": data.stripWords.group, translate: "no" });
  const legend = make("div", { class: "legend" });
  const { cells, next, draw: drawTokens } = tokenCells(strip, data.stripWords);
  const table = make("div", { class: "next-token", id: "next-token" });
  const heading = make("h2", { id: "step-title" });
  const attention = attentionOf(data, bytes);
  const course = courseOf(data, attention);
  const play = make("button", { type: "button", class: "pill large", id: "play", "aria-pressed": "false" }, words.play);
  const dark = make("button", { type: "button", class: "pill large", id: "dark", "aria-pressed": "false" }, words.dark);
  const saved = make("button", { type: "button", class: "pill large", id: "save-run" }, words.save_run);
  const facts = make("dl", { class: "facts about" }, ...data.facts.map(([name, value]) => make("div", {}, make("dt", {}, name), verbatim("dd", {}, value))));
  document.getElementById("replay").append(
    make("header", {}, make("h1", {}, words.brand), make("p", { class: "say" }, words.what), make("div", { class: "presses" }, play, dark)),
    make("section", { class: "card" }, make("h2", {}, words.text), make("p", { class: "say" }, words.text_say), strip, legend),
    make("section", { class: "card" }, heading, make("p", { class: "say" }, words.step_say), table),
    course.card,
    attention.card,
    make("section", { class: "card" }, make("h2", {}, words.about), facts, make("p", { class: "say" }, words.precision), make("div", { class: "presses" }, saved))
  );
  tokenLegend(legend, whole.legend);

  // What changes

  const { answer } = tokenTable(data.tableWords);
  const buttonAt = (index) => (index < shown ? cells[index]?.button : index === sources.length && whole.next ? next : null);

  function drawTable() {
    const value = tables[selected];
    heading.replaceChildren(selected < sources.length ? words.step.replace("%s", selected) : words.step_next);
    if (!value) return table.replaceChildren(make("p", { class: "say" }, words.first_token));
    table.replaceChildren(...answer(value, null));
    for (const name of table.querySelectorAll("button.name")) name.replaceWith(verbatim("span", { class: "name" }, name.textContent)); // nothing goes on from here
    for (const cell of table.querySelectorAll(".act")) cell.remove();
    return undefined;
  }

  function mark() {
    for (const { button } of cells) press(button, false);
    press(next, false);
    if (buttonAt(selected)) press(buttonAt(selected), true);
  }

  function press(button, on) {
    button.setAttribute("aria-pressed", on);
    button.tabIndex = on ? 0 : -1;
  }

  function drawText() {
    const all = shown === sources.length;
    drawTokens({ tokens: sources.slice(0, shown), dir: whole.dir, next: whole.next && all, writing: !all });
  }

  function show(index) {
    selected = Math.min(Math.max(index, 0), last);
    mark();
    drawTable();
    course.draw(selected, shown);
    attention.draw(selected);
    const button = buttonAt(selected);
    if (!button) return;
    const box = strip.getBoundingClientRect(), at = button.getBoundingClientRect();
    if (at.top < box.top) strip.scrollTop -= box.top - at.top + 8;
    else if (at.bottom > box.bottom) strip.scrollTop += at.bottom - box.bottom + 8;
  }

  function select(index) {
    stop();
    show(index);
  }

  // Playing

  function stop() {
    clearInterval(playing);
    playing = 0;
    play.textContent = words.play;
    play.setAttribute("aria-pressed", false);
    if (shown === sources.length) return;
    shown = sources.length;
    drawText();
  }

  function begin() {
    shown = data.prompt;
    drawText();
    play.textContent = words.stop;
    play.setAttribute("aria-pressed", true);
    playing = setInterval(() => {
      shown += 1;
      drawText();
      show(shown - 1);
      if (shown === sources.length) select(selected);
    }, PACE);
  }

  play.addEventListener("click", () => (playing ? select(selected) : begin()));
  play.disabled = data.prompt >= sources.length;

  // What a person does

  strip.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-index], button[data-next], [data-of]");
    if (button) select(Number(button.dataset.index ?? button.dataset.next ?? button.dataset.of));
  });
  document.addEventListener("keydown", (event) => {
    if (composing(event) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("select, input")) return;
    const ahead = buttonAt(selected)?.closest(".line")?.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const aims = { ArrowLeft: selected - 1, ArrowRight: selected + 1, Home: 1, End: sources.length - 1 };
    if (ahead === "ArrowLeft") [aims.ArrowLeft, aims.ArrowRight] = [aims.ArrowRight, aims.ArrowLeft];
    if (!(event.key in aims)) return;
    event.preventDefault();
    const inside = strip.contains(document.activeElement);
    select(Math.max(1, aims[event.key]));
    if (inside) buttonAt(selected)?.focus({ preventScroll: true });
  });
  course.onToken(select);
  attention.onQuery(select);
  attention.onChange(() => show(selected));
  saved.addEventListener("click", () => offer(data.run, "application/json", "gpt-inside-out-text.json"));

  // Light and dark: as the system has it, until a person says otherwise

  const system = matchMedia("(prefers-color-scheme: dark)");
  function colour(on) {
    root.classList.toggle("dark", on);
    dark.setAttribute("aria-pressed", on);
    attention.draw(selected);
  }
  const follow = () => colour(system.matches);
  system.addEventListener("change", follow);
  dark.addEventListener("click", () => {
    system.removeEventListener("change", follow);
    colour(!root.classList.contains("dark"));
  });
  window.addEventListener("resize", () => {
    course.draw(selected, shown);
    attention.draw(selected);
  });

  drawText();
  follow();
  show(selected);
  root.dataset.ready = "true";
};

(async () => {
  try {
    replay(JSON.parse(new TextDecoder().decode(await unpacked("data"))), await unpacked("weights"));
  } catch (error) {
    document.getElementById("too-old").hidden = false;
    throw error;
  }
})();
