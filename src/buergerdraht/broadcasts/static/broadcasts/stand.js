// A page that turns to the next state where it stands: what somebody types is not taken away, and an open question stays open.
import { say } from "../ui/say.js";

const WHOLE = "rundnachricht";

// Typed and not sent yet. Choices do not count: they are made again with a click.
const typed = (part) => [...part.querySelectorAll("textarea, input")].filter((field) => field.value !== field.defaultValue);
const told = () => document.getElementById("neuer-stand");

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const part = document.getElementById(WHOLE);
  const { xhr, requestConfig } = event.detail;
  const turns = xhr.getResponseHeader("HX-Refresh") || xhr.getResponseHeader("HX-Retarget") === `#${WHOLE}`;
  if (!part || requestConfig.verb !== "get" || !turns || !typed(part).length) return;
  event.preventDefault();
  if (told().hidden) say(told().querySelector("p").textContent);
  told().hidden = false;
});

// It was said; until the page is loaded anew every further answer would be the same.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "progress" && told() && !told().hidden) event.preventDefault();
});

// A piece drawn anew every two seconds must not slip from under a reader: how far it was scrolled, which question was open, what was begun.
let open = [], scrolled = [], words = [], held = "", caret = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const begun = detail.requestConfig.verb === "get" ? typed(detail.target) : [];
  if (begun.some((field) => !field.id)) { detail.shouldSwap = false; return; }
  words = begun.map((field) => [field.id, field.value]);
  open = [...detail.target.querySelectorAll("[popover]:popover-open, details[open]")].map((each) => each.id).filter(Boolean);
  scrolled = [...detail.target.querySelectorAll(".tablewrap[id]")].map((each) => [each.id, each.scrollLeft]);
  const active = document.activeElement;
  held = detail.target.contains(active) ? active.id : "";
  caret = held && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) {
    const each = document.getElementById(id);
    if (each?.popover) { if (!each.matches(":popover-open")) each.showPopover(); } else if (each) each.open = true;
  }
  for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo({ left });
  for (const [id, value] of words) { const field = document.getElementById(id); if (field) field.value = value; }
  const field = held && document.getElementById(held);
  if (field) {
    field.focus({ preventScroll: true });
    if (caret?.[0] != null && "setSelectionRange" in field) field.setSelectionRange(...caret);
  }
  open = []; scrolled = []; words = []; held = ""; caret = null;
});
