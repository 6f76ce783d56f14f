// Small parts of the page kit: copy buttons, dialogs, things that can be dismissed, row links, reveal, select all.
async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("is-copied");
  setTimeout(() => button.classList.remove("is-copied"), 1500);
}

function dismissPurpose(button) {
  const purpose = button.closest("[data-purpose]");
  const known = document.cookie.split("; ").find((part) => part.startsWith("dismissed="))?.slice(10) ?? "";
  const keys = new Set(known.split("|").filter(Boolean)).add(purpose.dataset.purpose);
  document.cookie = `dismissed=${[...keys].join("|")};path=/;max-age=31536000;samesite=lax`;
  purpose.remove();
}

function selectAll(box) {
  for (const each of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(box.dataset.selectAll)}"]`)) {
    if (each.checked !== box.checked) each.click();
  }
}

function isOutside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-copy]")) copy(at("[data-copy]"));
  else if (at("[data-open]")) document.getElementById(at("[data-open]").dataset.open)?.showModal();
  else if (at("[data-close]")) at("dialog")?.close();
  else if (at("[data-dismiss-purpose]")) dismissPurpose(at("[data-dismiss-purpose]"));
  else if (at("[data-dismiss-message]")) at(".mc-message").remove();
  else if (at("[data-select-all]")) selectAll(at("[data-select-all]"));
  else if (at("tr[data-href]") && !at("a, button, input, label, select")) location.assign(at("tr[data-href]").dataset.href);
  else if (event.target instanceof HTMLDialogElement && event.detail && isOutside(event.target, event)) event.target.close();
});

// A link to a field of a form (#field-networks) opens what is folded around it and puts the keyboard into it.
function goToField() {
  const field = location.hash.startsWith("#field-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!field) return;
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  field.scrollIntoView({ block: "center" });
  field.querySelector("input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
}
addEventListener("hashchange", goToField);
addEventListener("load", () => setTimeout(goToField)); // the browser itself goes to the place first, and takes the focus away

// A link to an item of the page opens it.
function openItem() {
  const item = location.hash.startsWith("#item-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (item) item.open = true;
}
addEventListener("hashchange", openItem);
openItem();

// Exports leave with the filters that stand in the address now, not with those of the first load.
document.addEventListener("htmx:pushedIntoHistory", () => {
  for (const link of document.querySelectorAll("a[data-export]")) link.search = location.search;
});

// A part of the page that could not be fetched says so; what was there before stays.
function complain(title, text) {
  const box = document.createElement("div");
  box.className = "mc-message mc-bad";
  const words = document.createElement("span");
  words.textContent = text ? `${title}. ${text}` : title;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.dismissMessage = "";
  close.setAttribute("aria-label", "Close");
  box.append(words, close);
  document.getElementById("messages")?.replaceChildren(box);
}

document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const lines = [...page.querySelectorAll("h1 ~ p:not(.mc-muted)")].map((line) => line.textContent.trim());
  complain(page.querySelector("h1")?.textContent.trim() || "The console could not do this", lines.join(" "));
});
document.addEventListener("htmx:sendError", () => complain("The console does not answer", "What you see may be old; mail is not affected."));

// Who does not see the list hears what a filter left of it.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.detail.requestConfig?.elt?.matches?.("form[role=search]")) return;
  const words = event.target.querySelector(".mc-pages > span, .mc-empty > h2");
  if (words) document.getElementById("said").textContent = words.textContent.trim();
});
