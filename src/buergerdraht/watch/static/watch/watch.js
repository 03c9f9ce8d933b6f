// The figures are fetched anew every few seconds: what was unfolded stays open, the focus stays where it was, a question is not torn
// away while somebody reads it, and a new alarm is said to those who listen.
import { say } from "../ui/console.js";

const folds = () => [...document.querySelectorAll("details[id]")];
const alarms = () => Number(document.querySelector("[data-alarms]")?.dataset.alarms || 0);
let open = [];
let focus = "";
let known = alarms();

// How to find the focused piece again, where it has no id of its own.
function place(element) {
  if (element.matches("details[id] > summary")) return `#${element.parentElement.id} > summary`;
  if (element.matches("#stand a[href], #tabs a[href]")) return `main a[href="${element.getAttribute("href")}"]`;
  return "";
}

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (document.querySelector(".ask:popover-open")) { event.detail.shouldSwap = false; return; }
  open = folds().filter((fold) => fold.open).map((fold) => fold.id);
  focus = document.activeElement ? place(document.activeElement) : "";
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const fold of folds()) if (open.includes(fold.id)) fold.open = true;
  if (focus && document.activeElement === document.body) document.querySelector(focus)?.focus({ preventScroll: true });
  if (alarms() > known) say(document.querySelector("[data-alarms]").dataset.said);
  known = alarms();
});
