// Light, dark or as the system: kept in a cookie, so that the server renders the next page in it at once.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function apply(choice) {
  root.dataset.themeChoice = choice;
  root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === choice));
  }
  document.dispatchEvent(new CustomEvent("mc:theme"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme]");
  if (!button) return;
  document.cookie = `theme=${button.dataset.setTheme};path=/;max-age=31536000;samesite=lax`;
  apply(button.dataset.setTheme);
});
system.addEventListener("change", () => {
  if (root.dataset.themeChoice === "auto") apply("auto");
});
