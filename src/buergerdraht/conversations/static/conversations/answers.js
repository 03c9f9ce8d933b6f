// Saved answers: a button, or a slash and the shortcut in the text. Arrow keys choose, Enter takes, Escape closes.
import { $, piece } from "./pieces.js";

const text = () => $("#antwort"), list = () => $("#antwortliste"), button = () => $("#bausteinknopf");
let chosen = -1, slash = -1, loaded = null;
let asked = 0; // counts on with every wish: what was asked for earlier and comes late opens nothing

const rows = () => [...list().querySelectorAll("[role=option]")].filter((row) => !row.hidden);
const open = () => list()?.matches(":popover-open");

let loading = null; // asked once, however fast one types
async function load() {
  const address = $("#antwortfeld")?.dataset.answers;
  if (!address || loaded === list()) return;
  loading ??= piece(address).finally(() => { loading = null; });
  const content = await loading;
  if (content && loaded !== list()) { list().replaceChildren(...content.children); loaded = list(); }
}

function choose(index) {
  const shown = rows();
  rows().forEach((row) => row.setAttribute("aria-selected", "false"));
  chosen = shown.length ? (index + shown.length) % shown.length : -1;
  const row = shown[chosen];
  if (row) { row.setAttribute("aria-selected", "true"); row.scrollIntoView({ block: "nearest" }); }
  if (row) text().setAttribute("aria-activedescendant", row.id); else text().removeAttribute("aria-activedescendant");
}

function filter(words) {
  const wanted = words.toLowerCase();
  const score = (row) => row.dataset.shortcut.startsWith(wanted) ? 0 : row.dataset.title.toLowerCase().includes(wanted) ? 1 : 2;
  const all = [...list().querySelectorAll("[role=option]")];
  all.forEach((row) => { row.hidden = score(row) === 2; });
  all.sort((a, b) => score(a) - score(b)).forEach((row) => list().append(row));
  choose(0);
  return rows().length || !words;
}

async function show(words) {
  const field = text(), mine = ++asked;
  if (!field || field.readOnly || !list()) return;
  try { await load(); } catch { return; }
  if (mine !== asked || !list() || (slash >= 0 && field.value[slash] !== "/")) return;
  if (!filter(words)) { hide(); return; }
  if (!open()) list().showPopover();
  button()?.setAttribute("aria-expanded", "true");
}

function hide() {
  asked += 1;
  if (open()) list().hidePopover();
  slash = -1; chosen = -1;
  button()?.setAttribute("aria-expanded", "false");
  text()?.removeAttribute("aria-activedescendant");
}

function take(row) {
  const field = text(), from = slash >= 0 ? slash : field.selectionStart, to = slash >= 0 ? field.selectionStart : field.selectionEnd;
  hide();
  field.focus();
  field.setRangeText(row.dataset.text + (to === field.value.length ? " " : ""), from, to, "end"); // one goes on writing after it
  const used = document.createElement("input");
  used.type = "hidden"; used.name = "baustein"; used.value = row.dataset.answer;
  $("#bausteine")?.append(used);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "antwort" || $("#antwortfeld")?.classList.contains("reply--note")) return;
  const field = event.target, before = field.value.slice(0, field.selectionStart);
  const found = before.match(/(?:^|\s)\/([\p{L}\p{N}_-]{0,30})$/u);
  if (!found) { if (slash >= 0) hide(); return; }
  slash = before.length - found[1].length - 1;
  show(found[1]);
});

document.addEventListener("keydown", (event) => {
  if (!open() || !event.target.closest?.("#antwort, #bausteinknopf, #antwortliste")) return;
  const keys = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Escape: hide };
  if (event.key in keys) keys[event.key]();
  else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && rows()[chosen]) take(rows()[chosen]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest("#bausteinknopf")) {
    if (open()) hide(); else { slash = -1; text().focus(); show(""); }
    return;
  }
  const row = event.target.closest("#antwortliste [role=option]");
  if (row) take(row);
  else if (open() && !event.target.closest("#antwortliste")) hide();
});
