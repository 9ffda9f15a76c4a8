// Gradio's page makes every figure that changes anew, from an empty element, in the very step in which it changes all else: a table
// beside four of them is seen late, and what was there before is never let go, since it listens to the size of the window. Here a
// figure keeps its element, in which Plotly changes what has changed; and figures are drawn together, as they stand last, once the
// rest is painted. One whose place has become wider or narrower, in sight or not, is fitted into it.
(() => {
  const LATE = 200; // ms after which they are drawn in a tab that paints nothing, because it is not seen
  const graphs = new WeakMap(); // the element of a figure, by its block
  const places = new WeakSet(); // what Gradio takes for it
  const asked = new Map(); // what is to be drawn, by the element
  let plotly;
  let react;

  const fits = ({ _fullLayout: layout, clientWidth }) => !layout || !clientWidth || Math.abs(layout.width - clientWidth) <= 1;
  const widths = new ResizeObserver((changes) => {
    for (const { target } of changes) if (!fits(target)) plotly.Plots.resize(target);
  });

  function graphIn(place) { // what it shows stays there until it is drawn anew
    const block = place.closest(".block") ?? place.parentElement;
    if (!graphs.has(block)) {
      const made = document.createElement("div");
      graphs.set(block, made);
      widths.observe(made);
    }
    const graph = graphs.get(block);
    if (graph.parentElement !== place) place.append(graph);
    return graph;
  }

  function draw(graph, figure) {
    if (!graph.isConnected) return;
    const { height } = figure[1];
    graph.style.height = height ? `${height}px` : ""; // Plotly forgets it when it fits a figure into another width
    try {
      react(graph, ...figure);
    } catch (error) {
      reportError(error); // the others are drawn
    }
  }

  function drawAll() {
    const figures = [...asked];
    asked.clear();
    for (const [graph, figure] of figures) draw(graph, figure);
  }

  function ask(graph, figure) {
    if (!asked.size) {
      const frame = new Promise(requestAnimationFrame);
      const late = new Promise((done) => setTimeout(done, LATE));
      Promise.race([frame, late]).then(() => setTimeout(drawAll)); // behind the frame
    }
    asked.set(graph, figure);
  }

  Object.defineProperty(window, "Plotly", { // Gradio's script puts it there
    configurable: true,
    get: () => plotly,
    set: (found) => {
      plotly = found;
      react = found.react.bind(found);
      const resize = found.Plots.resize.bind(found.Plots);
      found.react = (place, ...figure) => {
        places.add(place);
        ask(graphIn(place), figure);
        return Promise.resolve(place);
      };
      // Gradio asks for it after each drawing
      found.Plots.resize = (element) => (places.has(element) ? Promise.resolve(element) : resize(element));
    },
  });
})();
