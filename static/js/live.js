// Live regions: a [data-live="name"] holds pieces, each with data-live-key. The server pushes pieces that changed (SSE,
// else polling); they change in place: focus, selection and scroll stay, and no row moves while the pointer or the focus
// is in its region. A page that is hidden listens to nothing: browsers allow few connections to one host.
const POLL_MS = 3000;
const OURS = new Set(["open", "data-label", "data-wide"]); // what the browser or tables.js gave a piece
const regions = new Map();
const waiting = new Map(); // name -> order to bring about once nobody is in the region
let source = null;
let timer = 0;

const pieces = (region) => [...region.querySelectorAll(":scope > [data-live-key]")];
const isBusy = (region) => region.matches(":hover") || region.contains(document.activeElement);

function element(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.firstElementChild;
}

function morph(from, to) {
  if (from.matches("time[data-ago]") && to.matches("time[data-ago]") && from.dateTime === to.dateTime) return;
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !OURS.has(name)) from.removeAttribute(name);
  morphChildren(from, to);
}

function morphChildren(from, to) {
  const old = [...from.childNodes];
  const fresh = [...to.childNodes];
  fresh.forEach((node, index) => {
    const there = old[index];
    if (!there) from.append(node);
    else if (there.nodeType !== node.nodeType || there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) morph(there, node);
    else if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
  });
  old.slice(fresh.length).forEach((node) => node.remove());
}

// hx-ext="mc-morph" hx-swap="mc-morph": a fragment that htmx polls changes in place as well.
window.htmx?.defineExtension("mc-morph", {
  isInlineSwap: (style) => style === "mc-morph",
  handleSwap: (style, target, fragment) => {
    if (style !== "mc-morph") return false;
    morphChildren(target, fragment);
    return [target];
  },
});

// Filters of the page, which the shared pieces know nothing of: data-live-filter-state="Retry" looks at data-state.
function isWanted(region, piece) {
  return Object.entries(region.dataset)
    .filter(([name, wanted]) => name.startsWith("liveFilter") && wanted)
    .every(([name, wanted]) => {
      const said = piece.dataset[name.slice(10).toLowerCase()] ?? "";
      return name === "liveFilterText" ? said.includes(wanted.toLowerCase()) : said === wanted;
    });
}

function arrange(region, order) {
  const present = new Map(pieces(region).map((piece) => [piece.dataset.liveKey, piece]));
  for (const [key, piece] of present) if (!order.includes(key) || !isWanted(region, piece)) piece.remove();
  let before = null;
  for (const key of order) {
    const piece = present.get(key);
    if (!piece?.isConnected) continue;
    const at = before ? before.nextElementSibling : region.firstElementChild;
    if (at !== piece) region.insertBefore(piece, at);
    before = piece;
  }
}

function settle(region, order) {
  const name = region.dataset.live;
  if (isBusy(region)) {
    waiting.set(name, order);
    for (const piece of pieces(region)) piece.classList.toggle("is-gone", !order.includes(piece.dataset.liveKey));
    return;
  }
  waiting.delete(name);
  arrange(region, order);
}

function take({ region: name, order, pieces: changed }) {
  const region = regions.get(name);
  if (!region) return;
  const present = new Map(pieces(region).map((piece) => [piece.dataset.liveKey, piece]));
  for (const [key, html] of Object.entries(changed)) {
    const fresh = element(html);
    if (!fresh) continue;
    if (present.has(key)) morph(present.get(key), fresh);
    else if (isWanted(region, fresh)) region.append(fresh);
  }
  settle(region, order);
  region.dispatchEvent(new CustomEvent("mc:live", { bubbles: true, detail: { region: name } }));
}

function show(isLive) {
  for (const sign of document.querySelectorAll("[data-live-state]")) {
    sign.dataset.liveState = isLive ? "live" : "paused";
    const words = isLive ? "Live" : "Paused";
    if (sign.textContent !== words) sign.textContent = words;
    sign.title = isLive
      ? "This page follows what the nodes report each second."
      : "No live data arrives now; what you see may be old. Mail is not affected.";
  }
}

async function poll() {
  try {
    const answer = await fetch(`/live/poll?regions=${[...regions.keys()].join(",")}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const said = await answer.json();
    said.regions.forEach(take);
    show(said.is_live);
  } catch {
    show(false);
  }
}

function close() {
  source?.close();
  source = null;
  clearInterval(timer);
  timer = 0;
}

function fallBack() {
  close();
  poll();
  timer = setInterval(poll, POLL_MS);
}

function open() {
  close();
  if (!window.EventSource) return fallBack();
  source = new EventSource(`/live/stream?regions=${[...regions.keys()].join(",")}`);
  source.addEventListener("region", (event) => take(JSON.parse(event.data)));
  source.addEventListener("state", (event) => show(JSON.parse(event.data).is_live));
  source.addEventListener("error", () => (source?.readyState === EventSource.CLOSED ? fallBack() : show(false)));
}

function find() {
  regions.clear();
  for (const region of document.querySelectorAll("[data-live]")) {
    regions.set(region.dataset.live, region);
    for (const leaving of ["pointerleave", "focusout"]) {
      region.addEventListener(leaving, () => setTimeout(() => waiting.has(region.dataset.live) && settle(region, waiting.get(region.dataset.live)), 50));
    }
  }
  if (regions.size && !document.hidden) open();
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : regions.size && open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => event.persisted && regions.size && open());
// A list that htmx replaced brings its region anew.
document.addEventListener("htmx:afterSettle", () => {
  if ([...document.querySelectorAll("[data-live]")].some((region) => regions.get(region.dataset.live) !== region)) find();
});
find();
