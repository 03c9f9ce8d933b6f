// A page that turns to the next state where it stands: what somebody types is not taken away, and an open question stays open.
import { say } from "../ui/say.js";

const WHOLE = "rundnachricht";

// Typed and not sent yet. Choices do not count: they are made again with a click.
const typed = (part) => [...part.querySelectorAll("textarea, input")].some((field) => field.value !== field.defaultValue);

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const part = document.getElementById(WHOLE);
  const { xhr, requestConfig } = event.detail;
  const turns = xhr.getResponseHeader("HX-Refresh") || xhr.getResponseHeader("HX-Retarget") === `#${WHOLE}`;
  if (!part || requestConfig.verb !== "get" || !turns || !typed(part)) return;
  event.preventDefault();
  const told = document.getElementById("neuer-stand");
  if (told.hidden) say(told.querySelector("p").textContent);
  told.hidden = false;
});

// A piece drawn anew every two seconds must not slip from under a reader: how far it was scrolled, and which question was open.
let open = [], scrolled = [], held = "";
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig.verb === "get" && typed(detail.target)) { detail.shouldSwap = false; return; }
  open = [...detail.target.querySelectorAll("[popover]:popover-open, details[open]")].map((each) => each.id).filter(Boolean);
  scrolled = [...detail.target.querySelectorAll(".tablewrap[id]")].map((each) => [each.id, each.scrollLeft]);
  held = detail.target.contains(document.activeElement) ? document.activeElement.id : "";
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) {
    const each = document.getElementById(id);
    if (each?.popover) { if (!each.matches(":popover-open")) each.showPopover(); } else if (each) each.open = true;
  }
  for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo({ left });
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  open = []; scrolled = []; held = "";
});
