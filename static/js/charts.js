// Charts: a [data-chart] holds {"times": [...], "series": [{"label", "tone", "values"}], "unit"}; uPlot draws it.
// A page that replaces the JSON script beside it (htmx, SSE) dispatches `mc:chart` on the element to redraw in place.
const charts = new Map();

function resolved(value) {
  const probe = document.createElement("span");
  probe.style.color = value;
  document.body.append(probe);
  const answer = getComputedStyle(probe).color;
  probe.remove();
  return answer;
}

function data(element) {
  return JSON.parse(document.getElementById(element.dataset.chart).textContent);
}

function innerWidthOf(element) {
  const style = getComputedStyle(element);
  return element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}

const columns = (said) => [said.times, ...said.series.map((each) => each.values)];

const hours = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clock = (seconds) => hours.format(new Date(seconds * 1000));

function options(element, said) {
  const ink = resolved("var(--mc-chart-ink)");
  const grid = resolved("var(--mc-chart-grid)");
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "12px Inter, sans-serif" };
  return {
    width: innerWidthOf(element),
    height: Number(element.dataset.height ?? 190),
    legend: { show: said.series.length > 1 || element.dataset.legend === "yes" },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.08, 1)] } },
    axes: [{ ...axis, space: 60, values: (_, times) => times.map(clock) }, { ...axis, size: 52 }],
    series: [
      { label: "Time", value: (_, seconds) => (seconds == null ? "–" : clock(seconds)) },
      ...said.series.map((each, index) => ({
        label: each.label,
        stroke: resolved(`var(--mc-chart-${each.tone ?? "info"})`),
        fill: index === 0 ? resolved("var(--mc-chart-fill)") : undefined,
        width: 1.75,
        points: { show: false },
        value: (_, value) => (value == null ? "–" : `${value.toLocaleString()} ${said.unit ?? ""}`),
      })),
    ],
  };
}

function draw(element) {
  charts.get(element)?.destroy();
  const said = data(element);
  charts.set(element, new uPlot(options(element, said), columns(said), element));
}

function drawAll() {
  for (const [element, chart] of charts) {
    if (!element.isConnected) {
      chart.destroy();
      charts.delete(element);
    }
  }
  for (const element of document.querySelectorAll("[data-chart]")) if (!charts.has(element)) draw(element);
}

function start() {
  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("mc:chart", (event) => charts.get(event.target)?.setData(columns(data(event.target))));
  document.addEventListener("mc:theme", () => [...charts.keys()].forEach(draw));
  new ResizeObserver(() => {
    for (const [element, chart] of charts) chart.setSize({ width: innerWidthOf(element), height: chart.height });
  }).observe(document.body);
}

// uPlot's own script may stand after this one.
document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-chart]") && window.uPlot && start());
