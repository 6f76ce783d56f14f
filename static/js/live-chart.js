// The throughput chart follows: its last minutes arrive as a live region and are merged into the chart's data.
function merge(said, tail) {
  tail.times.forEach((time, at) => {
    const index = said.times.lastIndexOf(time);
    if (index >= 0) said.series.forEach((each, number) => (each.values[index] = tail.values[number][at]));
    else if (time > said.times.at(-1)) {
      said.times.push(time);
      said.times.shift();
      said.series.forEach((each, number) => {
        each.values.push(tail.values[number][at]);
        each.values.shift();
      });
    }
  });
  return said;
}

document.addEventListener("mc:live", ({ target }) => {
  const id = target.dataset.liveChart;
  const tail = target.querySelector("[data-tail]")?.dataset.tail;
  if (!id || !tail || "liveChartStill" in target.dataset) return;
  const script = document.getElementById(id);
  const text = JSON.stringify(merge(JSON.parse(script.textContent), JSON.parse(tail)));
  if (text === script.textContent) return;
  script.textContent = text;
  document.querySelector(`[data-chart="${CSS.escape(id)}"]`)?.dispatchEvent(new CustomEvent("mc:chart", { bubbles: true }));
});
