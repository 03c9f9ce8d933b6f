// The figures are fetched anew every few seconds: what was unfolded stays open, and a new alarm is said to those who listen.
import { say } from "../ui/console.js";

const folds = (root) => [...root.querySelectorAll("details[id]")];
const alarms = () => Number(document.querySelector("[data-alarms]")?.dataset.alarms || 0);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
let open = [];
let known = alarms();

document.body.addEventListener("htmx:beforeSwap", () => {
  open = folds(document).filter((fold) => fold.open).map((fold) => fold.id);
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const fold of folds(document)) if (open.includes(fold.id)) fold.open = true;
  if (alarms() > known) say(document.querySelector("[data-alarms]").dataset.said);
  known = alarms();
});
