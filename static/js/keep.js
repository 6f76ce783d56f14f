// What is typed into a form and not staged is kept by htmx a second after the last keystroke (mailflow/form.html). Here
// is the rest: keep it when the page is left, say why it could not be kept, and warn before leaving only then.
const place = document.querySelector("[data-keep]");
const form = place.closest("form");
let typed = place.hasAttribute("data-is-typed") ? 1 : 0; // how often something was typed
let sent = 0; // what of that the request under way holds
let kept = 0;
let isDone = false; // staged or discarded: nothing of it shall be kept any more

const change = () => (typed += 1);
form.addEventListener("input", change);
form.addEventListener("keep", change);

function refuse(event, why) {
  event.stopPropagation(); // the place beside the button says so, not a message that would move the page
  const words = document.createElement("span");
  words.className = "mc-bad";
  words.role = "alert";
  words.textContent = `Not kept: ${why}`;
  place.replaceChildren(words);
}

place.addEventListener("htmx:beforeRequest", (event) => {
  if (isDone) event.preventDefault();
  sent = typed;
});
place.addEventListener("htmx:beforeOnLoad", (event) => {
  const answer = event.detail.xhr;
  if (answer.status >= 400) return;
  const isOurs = new URL(answer.responseURL).pathname === place.getAttribute("hx-post");
  if (isOurs && !answer.getResponseHeader("HX-Refresh")) return;
  event.preventDefault(); // else the page would be loaded anew, and what is typed lost
  refuse(event, "you are signed out. Sign in in another tab, then go on here.");
});
place.addEventListener("htmx:afterSwap", () => place.querySelector("[data-is-kept]") && (kept = sent));
place.addEventListener("htmx:responseError", (event) => refuse(event, `the console answered ${event.detail.xhr.status}.`));
place.addEventListener("htmx:sendError", (event) => refuse(event, "the console does not answer."));

document.addEventListener("submit", (event) => {
  if (event.target !== form && !event.target.matches("[data-discards-kept]")) return;
  isDone = true;
  place.dispatchEvent(new Event("htmx:abort"));
});

function keepNow() {
  if (isDone || typed === kept) return;
  const data = new FormData(form);
  for (const secret of form.querySelectorAll("input[type=password]")) data.delete(secret.name);
  for (const [name, value] of Object.entries(JSON.parse(place.getAttribute("hx-vals")))) data.append(name, value);
  if (navigator.sendBeacon(place.getAttribute("hx-post"), data)) kept = typed;
}
addEventListener("pagehide", keepNow);
document.addEventListener("visibilitychange", () => document.hidden && keepNow());
addEventListener("pageshow", (event) => event.persisted && (isDone = false));
addEventListener("beforeunload", (event) => {
  if (!isDone && typed !== kept && place.querySelector(".mc-bad")) event.preventDefault();
});
