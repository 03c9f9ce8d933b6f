// The shell's behaviour: one live connection, commands, the bell, focus on errors. No framework, no inline script.
import { connect } from "./live.js";
import "./bell.js";
import "./keylist.js";
import "./palette.js";

import { say } from "./say.js";

export { say };

const place = document.body.dataset.live;
if (place) {
  addEventListener("DOMContentLoaded", () => setTimeout(() => connect(place))); // after htmx; what happened meanwhile the stream makes up for
  navigator.serviceWorker?.register("/worker.js").catch(() => {}); // without it the page works as before, only not without a connection
}

document.querySelector("[data-focus]")?.focus();

// What the server wants said; and where a piece drawn anew took the focus with it, the keyboard goes on at its head, not at the page's.
document.addEventListener("said", ({ detail }) => say(detail.value));
let lost = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => { lost = document.activeElement !== document.body && detail.target.contains(document.activeElement); });
document.addEventListener("htmx:afterSettle", () => {
  if (lost && document.activeElement === document.body) document.getElementById("inhalt")?.focus({ preventScroll: true });
  lost = false;
});

for (const here of document.querySelectorAll(".tabs [aria-current]")) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 32; // on a telephone not all fit

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    say(button.dataset.copied || "Kopiert");
  });
}

// A phone's keyboard covers the page where the browser does not make it smaller by itself: then we do.
const view = window.visualViewport;
if (view && matchMedia("(pointer: coarse)").matches) {
  const fit = () => {
    const covered = view.scale === 1 && window.innerHeight - view.height > 80;
    if (covered) document.documentElement.style.setProperty("--seen", `${view.height}px`); else document.documentElement.style.removeProperty("--seen");
    if (covered && view.offsetTop > 0) scrollTo(0, 0);
  };
  view.addEventListener("resize", fit);
  view.addEventListener("scroll", fit);
}

const menu = document.querySelector(".settings__menu"), chosen = menu?.querySelector("[aria-current]");
if (chosen) menu.scrollTop = chosen.offsetTop - menu.clientHeight / 2; // on a low screen not all fit

// On a telephone the tabs are wider than the screen: the one at hand is brought into sight.
for (const tabs of document.querySelectorAll(".tabs")) {
  const here = tabs.querySelector("[aria-current]")?.getBoundingClientRect(), box = tabs.getBoundingClientRect();
  if (here && (here.right > box.right || here.left < box.left)) tabs.scrollLeft += here.left - box.left - (box.width - here.width) / 2;
}
