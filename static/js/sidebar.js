// The sidebar keeps its place from page to page, and the page one is at is in sight, in the sidebar and in the tabs.
const nav = document.querySelector(".mc-nav");
const KEY = "mc-nav-top";

if (nav) {
  nav.scrollTop = Number(sessionStorage.getItem(KEY) ?? 0);
  const current = nav.querySelector(".is-current");
  const box = nav.getBoundingClientRect();
  const place = current?.getBoundingClientRect();
  // Not scrollIntoView: that would scroll the page too where the sidebar is the taller of the two.
  if (place && (place.top < box.top || place.bottom > box.bottom)) {
    nav.scrollTop += place.top - box.top - (box.height - place.height) / 2;
  }
  addEventListener("pagehide", () => sessionStorage.setItem(KEY, String(nav.scrollTop)));
}

// Tabs that are wider than the screen scroll: the one that one is at is brought into sight.
for (const tabs of document.querySelectorAll(".mc-tabs")) {
  const at = tabs.querySelector("[aria-current]");
  if (at) tabs.scrollLeft = at.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - at.offsetWidth) / 2;
}
