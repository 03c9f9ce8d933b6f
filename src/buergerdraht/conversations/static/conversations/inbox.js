// The inbox, put together from its modules.
import { $, pane } from "./pieces.js";
import { choose, redrawList } from "./list.js";
import { catchUp, redrawBeside, redrawHead, rings } from "./thread.js";
import { ready } from "./composer.js";
import "./answers.js";
import { voices } from "./viewer.js";
import "./keys.js";
import "./presence.js";
import "./hold.js";

function everything(gap) { catchUp(gap); redrawHead(); redrawBeside(); redrawList(); }

addEventListener("live:hello", () => everything(true));
document.addEventListener("unterhaltung-neu", () => {
  $("#kopf :popover-open")?.hidePopover();
  everything(false);
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status === 422) { detail.shouldSwap = true; detail.isError = false; }
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const target = detail.target ?? detail.elt;
  if (target?.id === "unterhaltung") choose(pane()?.dataset.conversation);
  if (target?.id === "liste" || $("#liste")) {
    const badge = $("#filterzahl"), active = $("#liste")?.dataset.filters ?? "0";
    if (badge) { badge.firstChild.textContent = active; badge.hidden = active === "0"; }
  }
  ready();
  voices();
});

ready();
voices();
rings();
