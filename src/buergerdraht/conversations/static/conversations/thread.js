// The thread, live: bubbles append, receipts change, media arrive. What is being typed is never touched.
import { $, here, later, pane, piece } from "./pieces.js";
import { settle } from "./pen.js";

function place(thread, node) {
  // by time of the messenger, then by arrival; day lines travel with the bubble after them
  if (!node.id) { thread.append(node); return; }
  const known = document.getElementById(node.id);
  if (known) { known.replaceWith(node); return; }
  const key = (each) => [Number(each.dataset.at), Number(each.dataset.message)], [at, number] = key(node);
  const late = [...thread.querySelectorAll("[data-at]")].find((each) => key(each)[0] > at || (key(each)[0] === at && key(each)[1] > number));
  if (late) late.before(node); else thread.append(node);
}

function take(thread, content) {
  for (const node of [...content.children]) {
    if (node.dataset.day && thread.querySelector(`[data-day="${node.dataset.day}"]`)) continue;
    place(thread, node);
    window.htmx?.process(node);
  }
}

const playing = (node) => [...node.querySelectorAll("audio, video")].some((each) => !each.paused);

function takeAll(thread, content) {
  // everything from the first bubble that stands there: what did not change stays the same element
  const fresh = [...content.children], known = new Map([...thread.children].map((node) => [node.id || `day ${node.dataset.day}`, node]));
  let last = $(".inbox__earlier", thread);
  for (const node of fresh) {
    const old = known.get(node.id || `day ${node.dataset.day}`), kept = old && (old.isEqualNode(node) || playing(old));
    const mine = kept ? old : node;
    if (old) known.delete(node.id || `day ${node.dataset.day}`);
    if (old && !kept) old.remove();
    if (mine !== (last ? last.nextElementSibling : thread.firstElementChild)) { if (last) last.after(mine); else thread.prepend(mine); }
    if (!kept) window.htmx?.process(mine);
    last = mine;
  }
  if (fresh.length) known.forEach((node) => { if (node.matches("[data-message], [data-day]")) node.remove(); });
}

let busy = null;
export async function catchUp(all = false) {
  // one at a time, and once more when something came meanwhile; `all`: also what stands there may have changed
  if (busy) { busy.again = true; busy.all ||= all; return; }
  const here = pane();
  if (!here) return;
  busy = { again: false, all: false, whole: all };
  try {
    const numbers = [...here.querySelectorAll("[data-message]")].map((each) => Number(each.dataset.message));
    const from = all && numbers.length ? `ab=${numbers[0]}` : `nach=${Math.max(0, ...numbers)}`;
    const content = await piece(`${here.dataset.messages}?${from}${document.visibilityState === "visible" ? "&sichtbar=1" : ""}`);
    if (content && here.isConnected) (from.startsWith("ab") ? takeAll : take)($("#verlauf"), content);
  } catch { /* the page was left meanwhile */ }
  const { again, all: rest } = busy;
  busy = null;
  if (again) catchUp(rest);
}

const drawing = new Map(); // message -> whether it changed once more while it is fetched: answers must not overtake each other
export async function redraw(message) {
  const number = String(message);
  if (busy?.whole) { busy.again = busy.all = true; } // what is on its way may be older
  if (drawing.has(number)) { drawing.set(number, true); return; }
  drawing.set(number, false);
  try { await drawn(number); } catch { /* the page was left meanwhile */ }
  const again = drawing.get(number);
  drawing.delete(number);
  if (again) redraw(number);
}

async function drawn(number) {
  const here = pane(), old = document.getElementById(`m-${number}`);
  if (!here || !old) return;
  if (playing(old)) { old.addEventListener("pause", () => redraw(number), { capture: true, once: true }); return; }
  const content = await piece(`${here.dataset.messages}${number}/`), node = content && content.querySelector("[data-message]");
  if (content === "") old.remove();
  else if (node && old.isConnected) { old.replaceWith(node); window.htmx?.process(node); }
}

export const redrawHead = later(async () => {
  const here = pane();
  if (!here || $("#kopf :popover-open")) return;
  try {
    const content = await piece(here.dataset.head);
    const node = content && content.querySelector("#kopf");
    if (!node || !here.isConnected || $("#kopf :popover-open")) return; // a menu was opened meanwhile: it is drawn anew when that closes
    $("#kopf").replaceWith(node);
    window.htmx?.process(node);
    settle();
    const facts = content.querySelector("#kurz"), old = $("#kurz");
    if (facts && old && !old.contains(document.activeElement)) { old.replaceWith(facts); window.htmx?.process(facts); }
  } catch { /* later */ }
}, 200);

// What rooms above put beside the thread changes with what is said: those blocks carry their address. Whoever is in one is not disturbed.
export const redrawBeside = later(async () => {
  for (const old of document.querySelectorAll("[data-beside]")) {
    const content = await piece(old.dataset.beside), node = content && content.firstElementChild;
    if (!node || !old.isConnected || old.contains(document.activeElement)) continue;
    node.open = old.open;
    old.replaceWith(node);
    window.htmx?.process(node);
  }
}, 400);

// A thread that is being fetched does not stand here yet: what is told of it meanwhile is made up for when it does.
const told = new Set();
document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.target?.id === "unterhaltung") told.clear(); });
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if ((detail.target ?? detail.elt)?.id !== "unterhaltung" || !told.size) return;
  if (told.has(pane()?.dataset.conversation) || told.has("letter")) { catchUp(true); redrawHead(); redrawBeside(); }
  told.clear();
});

addEventListener("live:message", ({ detail }) => {
  told.add(String(detail?.conversation));
  if (!here(detail)) return;
  if (document.getElementById(`m-${detail.message}`)) redraw(detail.message); else { catchUp(); redrawBeside(); }
});
const heads = new Map(); // thread -> what its head looked like: a message alone changes nothing there
addEventListener("live:conversation", ({ detail }) => {
  told.add(String(detail?.conversation));
  if (!here(detail)) return;
  const head = /data-head="(\w+)"/.exec(detail.row ?? "")?.[1];
  if (!head || heads.get(detail.conversation) !== head) redrawHead();
  heads.set(detail.conversation, head);
});
addEventListener("live:receipt", ({ detail }) => {
  told.add("letter");
  const node = $(`[data-outbound="${CSS.escape(String(detail?.outbound ?? ""))}"]`);
  if (node) redraw(node.dataset.message);
});
addEventListener("live:media", () => document.querySelectorAll("[data-pending]").forEach((node) => redraw(node.dataset.message)));
setInterval(() => document.querySelectorAll("[data-pending]").forEach((node) => redraw(node.dataset.message)), 4000);

// ── Undo: a ring that shrinks, then the bubble is drawn anew ──
export function rings() {
  document.querySelectorAll(".undo[data-until]:not([data-runs])").forEach((node) => {
    node.dataset.runs = "";
    const rest = new Date(node.dataset.until) - Date.now(), message = node.closest("[data-message]").dataset.message;
    $(".on", node).animate([{ strokeDasharray: "100 100" }, { strokeDasharray: "0 100" }], { duration: Math.max(rest, 0), fill: "forwards" });
    setTimeout(() => { if (node.isConnected) redraw(message); }, Math.max(rest, 0) + 300);
  });
}
new MutationObserver(rings).observe(document.body, { childList: true, subtree: true });
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.elt.closest?.(".undo")) detail.elt.closest("[data-message]")?.remove();
});

// ── What of the citizen's words was before somebody's eyes: the reply says so, and is held back where there are newer ones ──
const SEEN_AFTER = 1500;
let seeing = null, awaited = 0; // the newest that lies before their eyes since a moment
function seen() {
  const scroller = $("#verlauf")?.closest(".pane__scroll"), fields = document.querySelectorAll('#antwortfeld [name="gesehen"]');
  if (!scroller || !fields.length || document.visibilityState !== "visible" || Math.abs(scroller.scrollTop) > 80) return;
  const newest = Math.max(0, ...[...document.querySelectorAll("#verlauf [data-citizen]")].map((each) => Number(each.dataset.message)));
  if (awaited === newest && [...fields].every((field) => Number(field.value) >= newest || seeing)) return; // what else changes does not begin anew
  clearTimeout(seeing);
  awaited = newest;
  seeing = setTimeout(() => {
    seeing = null;
    document.querySelectorAll('#antwortfeld [name="gesehen"]').forEach((field) => { if (Number(field.value) < newest) field.value = newest; });
  }, SEEN_AFTER);
}
new MutationObserver(seen).observe(document.body, { childList: true, subtree: true });
document.addEventListener("visibilitychange", seen);
document.addEventListener("scrollend", seen, true);
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-to-thread]");
  if (!link) return;
  event.preventDefault();
  document.getElementById(`m-${link.dataset.toThread}`)?.scrollIntoView({ block: "center" });
  document.querySelectorAll('#antwortfeld [name="gesehen"]').forEach((field) => { field.value = link.dataset.toThread; });
  $("#antwort-fehler").replaceChildren();
  $("#antwort")?.focus();
});
