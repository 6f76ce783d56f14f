// A page that follows the change, or the list of changes, that it shows: where its mark among the live ones is another
// than the page's own (live.js, the region "changes"), the page is asked for anew, and parts that differ take the place of
// the old ones. Nothing jumps: what is in sight stays where it is. Nothing typed is lost: a part in which somebody types
// waits until they are done, and says so. Nothing is agreed to unseen: a form that carries the digest of what was opened
// is never made to carry another one.
const SETTLES_MS = 150;
const EDITED = "This change was edited since you opened it.";
const page = document.querySelector("[data-follows]");
const marks = document.querySelector("[data-live=changes]");
const served = new Map(); // part -> its content as it was served, without what differs from answer to answer
let mark = page.dataset.mark;
let head = page.dataset.head;
const seen = page.dataset.digest; // what the person looked at when the page was opened: forms agree to that, or are refused
let isEdited = false; // the change is another one by now
let isRead = true; // what came by itself since was looked at
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
  for (const field of copy.querySelectorAll("[data-unsaid]")) { // it came once, with the page that was opened
    field.removeAttribute("value");
    if (field.matches("textarea")) field.textContent = "";
  }
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

const carriesDigest = (part) => part.querySelector("input[name=digest]") !== null;

function staleNote(className) {
  const note = document.createElement("p");
  note.dataset.stale = "";
  note.className = className;
  const words = document.createElement("span");
  words.textContent = `${EDITED} `;
  const anew = document.createElement("a");
  anew.href = location.pathname + location.search;
  anew.textContent = "Look at it as it is now";
  words.append(anew);
  note.append(words);
  return note;
}

// Its forms go on carrying the digest of what was opened, so that the console refuses them.
function tellThatItIsStale(part) {
  part.querySelector("[data-waits]")?.remove();
  if (!part.firstElementChild || part.querySelector("[data-stale]")) return;
  (part.querySelector(".card-body, .mc-form") ?? part).prepend(staleNote("mc-text-warn mc-waits"));
}

function compare(digest) {
  const wasEdited = isEdited;
  isEdited = seen !== undefined && digest !== seen;
  if (isEdited && !wasEdited) page.prepend(staleNote("mc-note mc-warn"));
  if (!isEdited) for (const note of document.querySelectorAll("[data-stale]")) note.remove();
  return isEdited && !wasEdited ? EDITED : "";
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

// Returns what to say of it to who does not see it.
function take(fresh, digest) {
  const there = new Map(parts(document).map((part) => [part.dataset.part, part]));
  const anchor = inSight();
  const top = anchor?.getBoundingClientRect().top;
  const edited = compare(digest);
  for (const part of parts(fresh)) {
    const old = there.get(part.dataset.part);
    const said = essence(part);
    if (!old) continue;
    const isHeld = isEdited && (carriesDigest(old) || carriesDigest(part));
    if (isHeld) tellThatItIsStale(old);
    if (isHeld || served.get(part.dataset.part) === said) continue;
    if (part.dataset.of && part.dataset.of === old.dataset.of) {
      old.dispatchEvent(new CustomEvent("mc:follows", { bubbles: true, detail: part })); // it follows in its own way
      continue;
    }
    if (isBusy(old)) tellThatItWaits(old);
    else {
      replace(old, part);
      served.set(part.dataset.part, said);
    }
  }
  if (anchor?.isConnected) window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
  return edited;
}

async function ask() {
  if (isAsking) return void (isAskedAgain = true);
  isAsking = true;
  try {
    // The header: nobody looked at anything by that.
    const answer = await fetch(location.pathname + location.search, { headers: { "X-Follows": "1" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = fresh.querySelector("[data-follows]");
      if (said) {
        mark = said.dataset.mark;
        head = said.dataset.head;
        const before = document.querySelector("[data-part=heading]")?.textContent;
        const edited = take(fresh, said.dataset.digest);
        isRead = false;
        const now = document.querySelector("[data-part=heading]")?.textContent;
        const isOther = now && now !== before;
        if (isOther) document.getElementById("messages")?.replaceChildren(); // they were about how it was
        const news = [isOther ? now.trim().replace(/\s+/g, " ") : "", edited].filter(Boolean).join(" ");
        if (news) document.getElementById("said").textContent = news;
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
  ring();
}

function ring() {
  const bell = document.getElementById("bell");
  if (bell) window.htmx?.trigger(bell, "news");
}

// Notices of what came by itself are read once somebody is there: a page that is left open reads none.
async function beThere(event) {
  const isStill = event.type === "pointermove" && !event.movementX && !event.movementY; // the page moved, not the pointer
  if (isRead || isStill || !page.dataset.reads) return;
  isRead = true;
  try {
    await fetch(page.dataset.reads, { method: "POST", headers: JSON.parse(document.body.getAttribute("hx-headers")) });
    ring();
  } catch {
    // They stay unread, and are read with the next page.
  }
}
for (const sign of ["pointerdown", "pointermove", "wheel", "keydown"]) document.addEventListener(sign, beThere, { passive: true });

document.documentElement.style.overflowAnchor = "none"; // take() itself keeps what is in sight in its place
for (const part of parts(document)) served.set(part.dataset.part, essence(part));
document.addEventListener("mc:live", look);
// A part that waited comes once nobody types in it any more.
document.addEventListener("focusout", () => setTimeout(() => {
  const waits = document.querySelector("[data-waits]");
  if (waits && !isBusy(waits.closest("[data-part]"))) soon();
}));
