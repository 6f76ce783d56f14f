// Where a row of a table with many columns does not fit, it becomes a block in which each value stands under its heading
// (kit.css); here each cell learns its heading. What still scrolls sideways can be scrolled by keyboard.
const MANY_COLUMNS = 4;
const LONG_TEXT = 19;
const NARROW = 576;
const WIDE = 992;
// What did not fit stays stacked at this width: a live table never goes back and forth.
let stackedAt = 0;
const stacked = new Set();

function labelRow(row, headings) {
  let column = 0;
  for (const cell of row.cells) {
    const heading = headings[column];
    if (cell.colSpan === 1 && heading) cell.dataset.label = heading;
    if (cell.colSpan > 1 || cell.textContent.trim().length > LONG_TEXT) cell.dataset.wide = "";
    column += cell.colSpan;
  }
}

function doesNotFit(table, key) {
  if (innerWidth < NARROW) return true;
  if (innerWidth >= WIDE) return false;
  if (stackedAt !== innerWidth) stacked.clear();
  stackedAt = innerWidth;
  if (stacked.has(key)) return true;
  table.classList.remove("is-stacked");
  const wrap = table.closest(".mc-table-wrap");
  if (wrap && wrap.scrollWidth > wrap.clientWidth + 1) stacked.add(key);
  return stacked.has(key);
}

function stack(table) {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  if (heads.length < MANY_COLUMNS) return;
  const headings = heads.map((head) => (head.querySelector(".visually-hidden") ? "" : head.textContent.trim()));
  for (const body of table.tBodies) for (const row of body.rows) labelRow(row, headings);
  table.classList.toggle("is-stacked", doesNotFit(table, headings.join("|")));
}

function openWrap(wrap) {
  if (wrap.hasAttribute("tabindex") || wrap.scrollWidth <= wrap.clientWidth) return;
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", wrap.closest(".card")?.querySelector(".card-title")?.textContent.trim() || "Table");
}

function prepare() {
  document.querySelectorAll(".mc-table").forEach(stack);
  document.querySelectorAll(".mc-table-wrap").forEach(openWrap);
}

prepare();
addEventListener("resize", prepare);
document.addEventListener("htmx:afterSwap", prepare);
document.addEventListener("htmx:afterSettle", prepare);
document.addEventListener("mc:live", prepare);
