// The form with a change's title, reason and ticket saves itself: when a field is left, and when the page is. Only what
// was typed is sent. It follows field by field (data-of: follow.js leaves the form alone): what is typed stays, the other
// fields become what was saved meanwhile elsewhere, and are not taken back by it.
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
  const sent = fields(form).filter((field) => field.value !== field.defaultValue).map((field) => [field, field.value]);
  const body = new FormData(form);
  for (const field of fields(form)) if (field.value === field.defaultValue) body.delete(field.name);
  try {
    // keepalive: it is carried out also where the page goes away.
    const answer = await fetch(form.dataset.savesItself, { method: "POST", body, keepalive: true });
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
document.addEventListener("mc:follows", (event) => {
  for (const form of event.target.querySelectorAll("form[data-saves-itself]")) {
    for (const field of fields(form)) {
      const fresh = event.detail.querySelector(`[name="${field.name}"]`);
      if (!fresh || field.value !== field.defaultValue || field.value === fresh.value) continue;
      field.defaultValue = fresh.value;
      field.value = fresh.value;
    }
  }
});
let isSubmitted = false; // by its own button, which sends all of it
document.addEventListener("submit", (event) => isOurs(event.target) && (isSubmitted = true));
addEventListener("pageshow", () => (isSubmitted = false));
addEventListener("pagehide", () => {
  if (!isSubmitted) for (const form of forms()) if (isTyped(form) && form.checkValidity()) save(form);
});
