// The keyboard: `/` search, `g` and a letter to go, `j` and `k` rows, Enter to open, `?` for help.
let isGoing = false;

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], dialog[open]");

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-rows] [data-row], [data-rows] tbody tr")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("is-at"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  rows[at]?.classList.remove("is-at");
  next.classList.add("is-at");
  const link = next.querySelector("a[href]");
  (link ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const actions = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  g: () => {
    isGoing = true;
    setTimeout(() => (isGoing = false), 1200);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
});
