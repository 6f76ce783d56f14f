// The form with a change's title, reason and ticket saves itself: when a field is left, and when the page is. Its own
// words stay as they are typed, whatever comes with the page meanwhile (data-of: follow.js leaves the form alone).
const forms = () => document.querySelectorAll("form[data-saves-itself]");
const fields = (form) => [...form.querySelectorAll("input:not([type=hidden]), textarea")];
const isTyped = (form) => fields(form).some((field) => field.value !== field.defaultValue);

function tell(form, words, isBad) {
  const place = form.querySelector("[data-saved]");
  place.textContent = words;
  place.classList.toggle("mc-bad", isBad);
}

async function save(form) {
  if (!isTyped(form) || !form.reportValidity()) return;
  const sent = fields(form).map((field) => [field, field.value]);
  try {
    // keepalive: it is carried out also where the page goes away.
    const answer = await fetch(form.dataset.savesItself, { method: "POST", body: new FormData(form), keepalive: true });
    if (answer.redirected) return tell(form, "Not saved: you are signed out. Sign in in another tab, then go on here.", true);
    const said = (await answer.text()).trim();
    if (!answer.ok) return tell(form, `Not saved: ${answer.status === 409 ? said : `the console answered ${answer.status}.`}`, true);
    for (const [field, value] of sent) field.defaultValue = value;
    tell(form, said, false);
  } catch {
    tell(form, "Not saved: the console does not answer.", true);
  }
}

const isOurs = (target) => target.closest?.("form[data-saves-itself]");
document.addEventListener("change", (event) => {
  const form = isOurs(event.target);
  if (form) save(form);
});
let isSubmitted = false;
document.addEventListener("submit", () => (isSubmitted = true));
addEventListener("pageshow", () => (isSubmitted = false));
addEventListener("pagehide", () => {
  if (!isSubmitted) for (const form of forms()) if (isTyped(form) && form.checkValidity()) save(form);
});
