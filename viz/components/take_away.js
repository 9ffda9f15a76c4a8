// A quiet "Save" under every figure, every table that offers its numbers, and the text. Plotly is not reachable from
// here, but each figure's own camera is: it takes the picture, in the format and under the name that it is told.
const FIGURES = ".gradio-container .block[id] .js-plotly-plot"; // not the copies that Plotly draws to take a picture of
const TABLES = ".gradio-container .block[id] [data-numbers]"; // its `numbers()` gives rows, the first one names
const TEXT = "tokens";
const PATIENCE = 150; // ms: a text that is being written changes the page many times a second
const WORDS = 5;
const LONGEST_WORD = 20; // characters
let waiting = 0;

const cameraOf = (plot) => plot.querySelector('.modebar-btn[data-title^="Download plot"]');
const plotIn = (block) => block.querySelector(".js-plotly-plot");
const tableIn = (block) => block.querySelector("[data-numbers]");

function stem(block) { // what it is, and the first words of the text that it speaks of
  const text = [...document.querySelectorAll(`#${TEXT} button[data-index]`)].map((button) => button.textContent).join("");
  const first = (text.match(/[\p{L}\p{M}\p{N}_]+/gu) ?? []).slice(0, WORDS);
  return ["gpt-inside-out", block.id, ...first.map((word) => [...word.toLowerCase()].slice(0, LONGEST_WORD).join(""))].join("-");
}

function picture(block, format) {
  const plot = plotIn(block);
  const { layout, _context: context } = plot;
  const [before, options] = [layout.paper_bgcolor, context.toImageButtonOptions];
  // Figures are transparent, and a light one must be legible wherever it is put.
  layout.paper_bgcolor = getComputedStyle(block.closest(".card") ?? document.body).backgroundColor;
  context.toImageButtonOptions = { format, filename: stem(block), scale: format === "png" ? 2 : 1 };
  cameraOf(plot).click(); // which copies the figure at once
  layout.paper_bgcolor = before;
  context.toImageButtonOptions = options;
}

// Labels of a figure are markup, with `<`, `>` and `&` of the text escaped. Where they stand for tokens, `meta` holds these as they
// are (viz/figures/own_texts.py).
const plain = (label) =>
  String(label ?? "").replace(/<[^>]*>|[\u2068\u2069]/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function axisOf(plot, trace, letter) {
  const id = trace[`${letter}axis`] ?? letter;
  const axis = plot.layout[id.replace(letter, `${letter}axis`)] ?? {};
  const ticks = new Map((axis.tickvals ?? []).map((value, index) => [String(value), axis.ticktext?.[index]]));
  const own = plot.layout.meta?.places?.[letter] ?? {};
  const label = (value) => own[value] ?? plain(axis.labelalias?.[value] ?? ticks.get(String(value)));
  const labelled = axis.labelalias !== undefined || (axis.type !== "log" && typeof axis.ticktext?.[0] === "string");
  return { title: plot.layout.meta?.titles?.[letter] ?? (plain(axis.title?.text) || letter), labelled, label };
}

const places = (trace, letter, count) =>
  trace[letter] ? Array.from(trace[letter]) : Array.from({ length: count }, (_, index) => (trace[`${letter}0`] ?? 0) + index * (trace[`d${letter}`] ?? 1));

function points(trace) { // [x, y, z], z only of a heat map
  if (!trace.z) {
    const count = Math.max(trace.x?.length ?? 0, trace.y?.length ?? 0);
    const [xs, ys] = [places(trace, "x", count), places(trace, "y", count)];
    return xs.map((x, index) => [x, ys[index]]);
  }
  const [ys, xs] = [places(trace, "y", trace.z.length), places(trace, "x", trace.z[0]?.length ?? 0)];
  return ys.flatMap((y, row) => xs.map((x, column) => [x, y, trace.z[row][column]]));
}

// A trace whose `meta` has columns is a table by itself: they name its x and its `customdata`, the first of which are the tokens.
// Otherwise every trace counts that has a name, or all if none has: those without one only mark or explain what the others show.
function drawn(plot) {
  const given = plot._fullData.map((full) => ({ ...plot.data[full.index], full }));
  const told = given.find(({ meta }) => meta?.columns);
  if (told) {
    const { columns, tokens } = told.meta;
    return [columns, ...points(told.full).map(([at], index) => [at, tokens[index], ...Array.from(told.full.customdata[index]).slice(1)])];
  }
  const nameOf = ({ name, meta }) => meta?.name ?? plain(name);
  const named = given.filter(nameOf);
  const counted = named.length ? named : given;
  if (!counted.length) return [];
  const [x, y] = ["x", "y"].map((letter) => axisOf(plot, counted[0].full, letter));
  const heat = counted.some(({ full }) => full.z);
  const titles = [x, y].flatMap((axis) => (axis.labelled ? [axis.title, `${axis.title}: label`] : [axis.title]));
  const place = (axis, value) => (axis.labelled ? [value, axis.label(value)] : [value]);
  const rows = counted.flatMap((trace, index) =>
    points(trace.full).map(([at, up, value]) => [
      ...(heat ? [] : [nameOf(trace) || index + 1]), ...place(x, at), ...place(y, up), ...(heat ? [value] : []),
    ])
  );
  return [[...(heat ? [] : ["trace"]), ...titles, ...(heat ? [nameOf(counted[0]) || "z"] : [])], ...rows];
}

function save(block, kind) {
  if (block.id === TEXT) document.dispatchEvent(new CustomEvent("branch-action", { detail: { action: "save", what: kind === "csv" ? "steps" : "text" } }));
  else if (kind === "csv") {
    const rows = plotIn(block) ? drawn(plotIn(block)) : tableIn(block).numbers();
    offer(csv(rows), "text/csv;charset=utf-8", `${stem(block)}.csv`);
  } else picture(block, kind);
}

function menuOf(block, kinds) {
  const group = make("span", { class: "kinds", role: "group", hidden: true });
  const what = block.id === TEXT ? words.text : words.save;
  const label = block.id === TEXT ? what : `${what}: ${block.id.replaceAll("-", " ")}`;
  const title = `${label}\n${words.title}`;
  const opener = make("button", { type: "button", "aria-expanded": "false", "aria-label": label, title }, what);
  const open = (whether) => {
    group.hidden = !whether;
    block.toggleAttribute("data-offering", whether);
    opener.setAttribute("aria-expanded", whether);
  };
  for (const kind of kinds) {
    const button = make("button", { type: "button", title: block.id === TEXT && kind === "csv" ? words.steps : words[kind], "data-kind": kind }, kind.toUpperCase());
    button.addEventListener("click", () => save(block, kind));
    group.append(button);
  }
  const menu = make("div", { class: "take-away" }, opener, group);
  opener.addEventListener("click", () => open(group.hidden));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || composing(event) || group.hidden) return;
    event.preventDefault(); // it is meant for the menu, and does not stop the text
    open(false);
    opener.focus();
  });
  menu.addEventListener("focusout", (event) => { // not where a press took the focus from nowhere
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) open(false);
  });
  return menu;
}

function offered(block) { // what there is to save now: a sentence in the place of a figure is not worth it
  if (block.id === TEXT) return Boolean(block.querySelector("button[data-index]"));
  const plot = plotIn(block);
  return plot ? Boolean(cameraOf(plot)) : Boolean(tableIn(block));
}

// What a figure is called for those who do not see it: the heading over it, and its own name where several share that.
function nameFigure(block) {
  const plot = plotIn(block);
  if (plot.hasAttribute("aria-label")) return;
  const own = block.id.replaceAll("-", " ");
  const card = block.closest(".card");
  const heading = [...(card?.querySelectorAll("h2, h3") ?? [])]
    .findLast((one) => one.compareDocumentPosition(block) & Node.DOCUMENT_POSITION_FOLLOWING)?.textContent.trim();
  const alone = card?.querySelectorAll(".js-plotly-plot").length === 1;
  plot.setAttribute("translate", "no"); // tokens stand on its axes
  plot.setAttribute("role", "figure");
  plot.setAttribute("aria-label", !heading ? own : alone ? heading : `${heading} (${own})`);
}

function look() {
  waiting = 0;
  const found = [...document.querySelectorAll(`${FIGURES}, ${TABLES}`)].map((inner) => inner.closest(".block[id]"));
  const text = document.getElementById(TEXT);
  for (const block of new Set(text ? [text, ...found] : found)) {
    if (plotIn(block)) nameFigure(block);
    if (block.querySelector(":scope > .take-away")) continue;
    block.append(menuOf(block, block === text ? ["json", "csv"] : plotIn(block) ? ["png", "svg", "csv"] : ["csv"]));
  }
  for (const menu of document.querySelectorAll(".gradio-container .take-away")) {
    const hidden = !offered(menu.parentNode);
    if (menu.hidden !== hidden) menu.hidden = hidden;
  }
}

const watcher = new MutationObserver(() => {
  if (!element.isConnected) return watcher.disconnect();
  waiting ||= setTimeout(look, PATIENCE);
});
watcher.observe(document.body, { childList: true, subtree: true });
look();
