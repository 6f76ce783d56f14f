// Relative times stay true while the page is open: text changes in place, the exact time stays on hover.
const steps = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function duration(seconds) {
  let rest = Math.floor(seconds);
  rest -= rest % (rest < 60 ? 1 : rest < 86400 ? 60 : 86400);
  const words = [];
  for (const [length, unit] of steps) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count) words.push(`${count} ${unit}`);
  }
  return words.slice(0, 2).join(" ");
}

function refresh() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = (now - Date.parse(time.dateTime)) / 1000;
    const words = Math.abs(seconds) < 1 ? "now" : seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
    if (time.textContent !== words) time.textContent = words;
  }
}

setInterval(() => document.hidden || refresh(), 5000);
