// The menu of a thread and its dialog, what was done and the way back, and colleagues after an @ in a note.
import { $, pane } from "./pieces.js";
import { redrawHead } from "./thread.js";

const dialog = () => $("#vorgang");
const STAYS = 12000;

// ── The dialog: a link with data-dialog opens it; without this script the link leads to a page of its own ──
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && dialog() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    $("#mehr:popover-open")?.hidePopover();
    window.htmx?.ajax("GET", link.href, { target: "#vorgang-in", swap: "innerHTML" });
  }
  const further = event.target.closest("#mehr [popovertarget]"); // one menu at a time
  if (further) {
    event.preventDefault();
    const box = document.getElementById(further.getAttribute("popovertarget"));
    $("#mehr").hidePopover();
    box.showPopover();
    $("select", box)?.focus();
  }
  if (event.target.closest("#vorgang [data-close]") || event.target === dialog()) dialog().close();
  if (event.target.closest("[data-untoast]")) $("#hinweis")?.replaceChildren();
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const box = dialog(), into = detail.target ?? detail.elt;
  if (into?.id !== "vorgang-in" || !into.childElementCount) return;
  if (!box.open) box.showModal();
  const problem = $(".hold__problem, [aria-invalid]", into), first = $("input[type=radio]:checked", into) ?? $("input:not([type=hidden], :disabled), select, textarea", into);
  (problem?.closest("form")?.querySelector("[aria-invalid], input:checked, input, select, textarea") ?? first ?? $("#vorgang-titel"))?.focus();
  day();
});
document.addEventListener("vorgang-fertig", () => {
  const box = dialog();
  if (box?.open) box.close();
});
document.addEventListener("htmx:oobAfterSwap", ({ detail }) => { if (detail.target?.id === "hinweis" || $("#hinweis > *")) fade(); });
document.addEventListener("close", (event) => { if (event.target === dialog()) $("#vorgang-in").replaceChildren(); }, true);

// A day of one's own is asked for only where it is chosen
function day() {
  const field = $(".hold__day");
  if (field) field.hidden = $('#vorgang [name="wann"]:checked')?.value !== "tag";
}
document.addEventListener("change", (event) => { if (event.target.closest("#vorgang") && event.target.name === "wann") { day(); $(".hold__day:not([hidden]) input")?.focus(); } });

// ── The menu by arrows ──
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("#mehr");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("a, button")].filter((each) => each.checkVisibility());
  const at = items.indexOf(document.activeElement), last = items.length - 1;
  items[{ ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key]]?.focus();
});
document.addEventListener("toggle", (event) => { if (event.target.id === "mehr" && event.newState === "open") [...event.target.querySelectorAll("a, button")].find((each) => each.checkVisibility())?.focus(); }, true);

document.addEventListener("toggle", (event) => { if (event.newState === "closed" && event.target.closest?.("#kopf")) redrawHead(); }, true);

// ── What was done: it stays while somebody is at it ──
let fading;
function fade() {
  clearTimeout(fading);
  fading = setTimeout(() => {
    if ($("#hinweis:hover, #hinweis:focus-within")) fade(); else $("#hinweis")?.replaceChildren();
  }, STAYS);
}

// ── Mentions: a list under the note, moved through by arrows, taken by Enter or Tab ──
let known = { of: "", people: [] }, chosen = 0;
const list = () => $("#erwaehnungen");
const note = (field) => field?.id === "antwort" && $("#antwortfeld").classList.contains("reply--note");

async function colleagues() {
  const here = pane()?.dataset.conversation;
  if (known.of === here) return known.people;
  const answer = await fetch($("#antwortfeld").dataset.people, { credentials: "same-origin" });
  known = answer.ok ? { of: here, people: (await answer.json()).people } : { of: "", people: [] };
  return known.people;
}

function begun(field) {
  const before = field.value.slice(0, field.selectionStart), found = /(?:^|[^\w@.])@([\p{L}\p{M}'. -]{0,40})$/u.exec(before);
  return found && field.selectionStart === field.selectionEnd ? found[1] : null;
}

document.addEventListener("input", async (event) => {
  if (!note(event.target)) { close(); return; }
  const word = begun(event.target);
  if (word === null) { close(); return; }
  let people = [];
  try { people = await colleagues(); } catch { return; } // offline: names can be typed all the same
  if (begun(event.target) !== word) return;
  const sought = word.toLocaleLowerCase();
  const fits = people.filter((each) => each.name.toLocaleLowerCase().split(/\s+/).some((part, index, all) => all.slice(index).join(" ").startsWith(sought)));
  if (fits.length && !fits.some((each) => each.name.toLocaleLowerCase() === sought)) draw(event.target, fits.slice(0, 8)); else close();
});

function draw(field, people) {
  let box = list();
  if (!box) {
    box = document.createElement("ul");
    box.id = "erwaehnungen"; box.className = "hold__mentions"; box.setAttribute("role", "listbox");
    field.closest(".reply__box").append(box);
  }
  box.setAttribute("aria-label", $("#antwortfeld").dataset.peopleWords);
  box.replaceChildren(...people.map((each, index) => {
    const row = document.createElement("li"), name = document.createElement("b");
    row.id = `erwaehnung-${index}`; row.setAttribute("role", "option"); row.dataset.name = each.name;
    name.textContent = each.name;
    row.append(name);
    if (each.note) { const more = document.createElement("span"); more.className = "muted small"; more.textContent = each.note; row.append(more); }
    row.addEventListener("mousedown", (press) => { press.preventDefault(); take(field, each.name); });
    return row;
  }));
  field.setAttribute("aria-controls", box.id);
  field.setAttribute("aria-autocomplete", "list");
  point(field, 0);
}

function point(field, at) {
  const rows = [...list().children];
  chosen = (at + rows.length) % rows.length;
  rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === chosen)));
  field.setAttribute("aria-activedescendant", rows[chosen].id);
  rows[chosen].scrollIntoView({ block: "nearest" });
}

function take(field, name) {
  const word = begun(field);
  close();
  if (word === null) return;
  field.setRangeText(`${name} `, field.selectionStart - word.length, field.selectionStart, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function close() {
  if (!list()) return;
  list().remove();
  for (const name of ["aria-activedescendant", "aria-controls", "aria-autocomplete"]) $("#antwort")?.removeAttribute(name);
}

document.addEventListener("keydown", (event) => {
  if (!list() || event.target.id !== "antwort" || event.isComposing) return;
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves) point(event.target, chosen + moves[event.key]);
  else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") take(event.target, list().children[chosen].dataset.name);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("focusout", (event) => { if (event.target.id === "antwort") setTimeout(close, 150); });
