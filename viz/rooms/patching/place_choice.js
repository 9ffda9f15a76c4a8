// A press on a cell of the map tells its layer and column. Plotly tells it to whoever asks the figure itself, which is
// asked when it is pointed at: it may be another one by then.
const asked = new WeakMap();

function ask(event) {
  if (!element.isConnected) return document.removeEventListener("pointerover", ask);
  const plot = event.target.closest?.(`#${words.map} .js-plotly-plot`);
  if (!plot?.on || asked.get(plot) === plot.on) return;
  asked.set(plot, plot.on); // another one once Plotly has begun anew there
  plot.on("plotly_click", ({ points: [point] }) => {
    const choice = { layer: point.y, column: point.x };
    props.value = choice;
    trigger("select", choice);
  });
}
document.addEventListener("pointerover", ask);
