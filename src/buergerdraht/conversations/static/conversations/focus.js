// Focus goes where the eye goes, and is never lost when a piece of the page is drawn anew. New words of the citizen are said once, politely.
import { say } from "../ui/say.js";
import { titled } from "../ui/bell.js";
import { wordsOf } from "../ui/commands.js";
import { $, pane } from "./pieces.js";

export function toThread() {
  const heading = $("#th");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// ── What was opened: its name has the focus, and stands in the title ──
let named = pane()?.dataset.conversation;
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const target = detail.target ?? detail.elt;
  if (target?.id === "unterhaltung" && pane()) setTimeout(arrive, 0); // a phone shows the thread only when all have heard of it
});
function arrive() {
  if (!pane()) return;
  if (pane().dataset.conversation !== named || $("#liste")?.contains(document.activeElement) || document.activeElement === document.body) toThread();
  named = pane().dataset.conversation;
  document.querySelectorAll("[data-skip]").forEach((link) => { link.hidden = !document.querySelector(link.getAttribute("href")); });
  const name = $("#th .ellip")?.textContent.trim() ?? $("#th")?.textContent.trim();
  titled(`${name}, ${document.title.replace(/^\(\d+\) /, "").replace(/^.*, (?=[^,]*$)/, "")}`);
}

// ── What was drawn anew: the same thing has the focus again, or else the place it was in ──
let last = null;
const named_by = (node) => (node.dataset?.key ? `[data-key="${CSS.escape(node.dataset.key)}"]` : node.name ? `[name="${CSS.escape(node.name)}"]` : "");

document.addEventListener("focusin", ({ target }) => {
  const homes = [];
  for (let node = target.parentElement; node; node = node.parentElement) if (node.id) homes.push(node.id);
  last = { node: target, id: target.id, mark: named_by(target), homes, at: "selectionEnd" in target ? place(target) : null };
});
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  if (relatedTarget) return;
  // let go by choice: what went out of sight under its user (a dialog that closed, whose caller was drawn anew) is still to be followed
  setTimeout(() => { if (last?.node === target && target.isConnected && target.checkVisibility() && !target.disabled && document.activeElement === document.body) last = null; }, 0);
});

function place(field) { try { return field.selectionEnd; } catch { return null; } }

function again() {
  if (!last || last.node.isConnected || (document.activeElement && document.activeElement !== document.body)) return;
  const { id, mark, homes, at } = last;
  const places = homes.filter((each) => each !== "inhalt").map((each) => document.getElementById(each));
  const home = [...places, pane()].find((each) => each?.checkVisibility()) ?? $("#inhalt"); // a dialog that closed is no place
  let next = (id && document.getElementById(id)) || (mark && home.querySelector(mark)) || null;
  if (homes.includes("antwortfeld") && (!next || next.matches("button, [type=hidden]"))) next = $("#antwort") ?? next;
  if (!next?.checkVisibility()) next = $("h1, h2, [tabindex]", home) ?? home;
  if (!next.matches("a[href], button, input, select, textarea, [tabindex]")) next.tabIndex = -1;
  next.focus({ preventScroll: true });
  if (at !== null && at !== undefined && next.id === "antwort" && next.value) next.setSelectionRange(next.value.length, next.value.length);
}
new MutationObserver(() => queueMicrotask(again)).observe(document.body, { childList: true, subtree: true });

// ── New words: batched for a moment, each once; earlier ones that are fetched by scrolling up are not new ──
const words = wordsOf("tastenworte"), WAIT = 1200;
let thread = null, newest = 0, fresh = [], timer;

function hear() {
  const log = $("#verlauf");
  const seen = [...(log?.querySelectorAll("[data-citizen]") ?? [])].filter((each) => each.dataset.message);
  const most = Math.max(0, ...seen.map((each) => Number(each.dataset.message)));
  if (thread !== pane()?.dataset.conversation) { thread = pane()?.dataset.conversation; newest = most; fresh = []; return; }
  const come = seen.filter((each) => Number(each.dataset.message) > newest);
  if (!come.length) return;
  newest = most;
  fresh.push(...come);
  clearTimeout(timer);
  timer = setTimeout(tell, WAIT);
}
function tell() {
  const text = fresh.length === 1 ? $(".inbox__text", fresh[0])?.textContent.trim().slice(0, 200) : "";
  say(fresh.length === 1 ? [words.one, text].filter(Boolean).join(": ") : `${fresh.length} ${words.many}`);
  fresh = [];
}
hear();
new MutationObserver(hear).observe(document.body, { childList: true, subtree: true });
