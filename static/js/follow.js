// A page that follows the change, or the list of changes, that it shows: where its mark among the live ones is another
// than the page's own (live.js, the region "changes"), the page is asked for anew, and parts that differ take the place of
// the old ones. Nothing jumps: what is in sight stays where it is. Nothing typed is lost: a part in which somebody types
// waits until they are done, and says so.
const SETTLES_MS = 150;
const page = document.querySelector("[data-follows]");
const marks = document.querySelector("[data-live=changes]");
const served = new Map(); // part -> its content as it was served, without what differs from answer to answer
let mark = page.dataset.mark;
let head = page.dataset.head;
let timer = 0;
let isAsking = false;
let isAskedAgain = false;

const parts = (root) => [...root.querySelectorAll("[data-part]")];
const fields = (part) => [...part.querySelectorAll("input:not([type=hidden]), textarea, select")];
const isTouched = (field) =>
  field.hasAttribute("data-unsaid") ? true
  : field.matches("select") ? [...field.options].some((one) => one.selected !== one.defaultSelected)
  : field.matches("[type=radio], [type=checkbox]") ? field.checked !== field.defaultChecked
  : field.value !== field.defaultValue;

function isBusy(part) {
  if (part.querySelector("dialog[open]")) return true;
  return fields(part).some((field) => field === document.activeElement || isTouched(field));
}

function essence(part) {
  const copy = part.cloneNode(true);
  for (const field of copy.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.remove();
  for (const time of copy.querySelectorAll("time")) time.replaceWith(time.dateTime);
  for (const fold of copy.querySelectorAll("details")) fold.removeAttribute("open");
  for (const note of copy.querySelectorAll("[data-waits]")) note.remove();
  return copy.textContent.replace(/\s+/g, " ") + [...copy.querySelectorAll("[action], [formaction], [name], [href]")]
    .map((one) => `${one.getAttribute("action") ?? one.getAttribute("formaction") ?? ""} ${one.name ?? ""} ${one.getAttribute("value") ?? ""} ${one.getAttribute("href") ?? ""} ${one.disabled ?? ""}`)
    .join("\n");
}

function tellThatItWaits(part) {
  if (part.querySelector("[data-waits]")) return;
  const note = document.createElement("p");
  note.dataset.waits = "";
  note.className = "mc-text-warn mc-waits";
  note.role = "status";
  note.textContent = "Something changed here meanwhile. What you are writing stays; the rest of the page is as it is now.";
  (part.querySelector(".card-body, .mc-form") ?? part).prepend(note);
}

function replace(part, fresh) {
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
  part.replaceChildren(...fresh.childNodes);
  if (fresh.dataset.of) part.dataset.of = fresh.dataset.of;
  for (const fold of part.querySelectorAll("details[id]")) if (open.has(fold.id)) fold.open = true;
  window.htmx?.process(part);
}

// What is in sight: the first part that the window shows and that scrolls with the page.
const inSight = () => parts(page).find((part) => part.dataset.part !== "act" && part.offsetHeight && part.getBoundingClientRect().bottom > 80);

function take(fresh) {
  const there = new Map(parts(document).map((part) => [part.dataset.part, part]));
  const anchor = inSight();
  const top = anchor?.getBoundingClientRect().top;
  for (const part of parts(fresh)) {
    const old = there.get(part.dataset.part);
    const said = essence(part);
    if (!old || served.get(part.dataset.part) === said) continue;
    if (part.dataset.of && part.dataset.of === old.dataset.of) continue; // it follows by itself
    if (isBusy(old)) tellThatItWaits(old);
    else {
      replace(old, part);
      served.set(part.dataset.part, said);
    }
  }
  if (anchor?.isConnected) window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
}

async function ask() {
  if (isAsking) return void (isAskedAgain = true);
  isAsking = true;
  try {
    const answer = await fetch(location.pathname + location.search);
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = fresh.querySelector("[data-follows]");
      if (said) {
        mark = said.dataset.mark;
        head = said.dataset.head;
        const before = document.querySelector("[data-part=heading]")?.textContent;
        take(fresh);
        const now = document.querySelector("[data-part=heading]")?.textContent;
        if (now && now !== before) {
          document.getElementById("messages")?.replaceChildren(); // they were about how it was
          document.getElementById("said").textContent = now.trim().replace(/\s+/g, " ");
        }
      }
    }
  } catch {
    // The console does not answer: live.js says so, and the next mark asks again.
  } finally {
    isAsking = false;
    if (isAskedAgain) soon();
    isAskedAgain = false;
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, SETTLES_MS);
}

function look() {
  const all = marks.querySelector("[data-live-key=all]");
  const mine = marks.querySelector(`[data-live-key="${page.dataset.key}"]`);
  const isOld = (mine && mine.dataset.mark !== mark) || (head && all && all.dataset.head !== head);
  if (!isOld) return;
  soon();
  const bell = document.getElementById("bell");
  if (bell) window.htmx?.trigger(bell, "news");
}

document.documentElement.style.overflowAnchor = "none"; // take() itself keeps what is in sight in its place
for (const part of parts(document)) served.set(part.dataset.part, essence(part));
document.addEventListener("mc:live", look);
// A part that waited comes once nobody types in it any more.
document.addEventListener("focusout", () => setTimeout(() => {
  const waits = document.querySelector("[data-waits]");
  if (waits && !isBusy(waits.closest("[data-part]"))) soon();
}));
