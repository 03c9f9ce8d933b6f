// The editor: what htmx fetches is moved, folded, searched and focused here. The server keeps the draft; this keeps the hands on it.
import { register, shown } from "../ui/commands.js";
import { say } from "../ui/say.js";

const sheet = document.getElementById("blatt");
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const stepOf = (node) => node.closest?.("[data-step]");
const typing = (node) => node.closest?.("textarea, select, [contenteditable]") || (node.closest?.("input") && !/^(checkbox|radio|button|submit|file)$/.test(node.type));

// What the server refuses it says in words: these are shown like any other answer.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([404, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
// The examples are played after each change: as long as they stand as before, nothing moves and nothing is read aloud.
let proofs = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "proben" || event.detail.xhr.status !== 200) return;
  if (event.detail.serverResponse === proofs) event.detail.shouldSwap = false;
  proofs = event.detail.serverResponse;
});
document.addEventListener("htmx:sendError", () => problem(sheet.dataset.offline));
document.addEventListener("htmx:responseError", () => problem(sheet.dataset.failed));
function problem(words) {
  const box = document.createElement("div");
  box.className = "flash is-bad";
  const line = document.createElement("p");
  line.textContent = words;
  box.append(document.createElement("span"), line);
  $("#meldung").replaceChildren(box);
}

// ── Forms: one open at a time ─────────────────────────────────────────────
// One with words that are not kept yet is only hidden until they are: htmx sends nothing for what left the page.
function shut(key) {
  const form = $(`[data-form="${key}"]`), box = document.getElementById(`form-${key}`);
  $(`[data-open="${key}"]`)?.setAttribute("aria-expanded", "false");
  if (!box) return;
  const empty = () => { if (box.firstElementChild === form) { box.replaceChildren(); box.hidden = false; } };
  if (!form?.dataset.dirty && !sending.has(form)) { empty(); return; }
  box.hidden = true;
  form.addEventListener("htmx:afterRequest", (event) => {
    if (!taken(event)) box.hidden = false; // what was refused is still there to be mended
    else if (!form.dataset.dirty) empty();
  });
  if (form.dataset.dirty) htmx.trigger(form, "keep");
}
document.addEventListener("htmx:beforeRequest", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (!opener || opener !== event.target) return;
  if (opener.getAttribute("aria-expanded") === "true") { event.preventDefault(); shut(opener.dataset.open); return; }
  for (const form of $$("[data-form]")) shut(form.dataset.form);
});
document.addEventListener("htmx:afterSettle", (event) => {
  const box = event.target;
  if (box.classList?.contains("ds__form")) {
    if (box.hidden && event.detail.requestConfig?.elt.matches("[data-form]")) box.replaceChildren(); // it was shut meanwhile
    box.hidden = false;
  }
  if (box.classList?.contains("ds__form") && box.firstElementChild && !box.contains(document.activeElement)) {
    const key = box.id.replace("form-", "");
    $(`[data-open="${key}"]`)?.setAttribute("aria-expanded", "true");
    $("textarea, input:not([type=hidden]), select", box)?.focus();
  }
  if (box.id?.startsWith("neu-") && box.firstElementChild) {
    $(`[aria-controls="${box.id}"]`)?.setAttribute("aria-expanded", "true");
    $(".ds__entry", box)?.focus();
  }
  if (box.id === "telefon") played();
  if (box.id === "blatt") { mark(); find(); fade(); }
});
// What is typed is owed until it was sent: also while the words before it are under way, and before htmx has heard of a new form.
const sending = new Set();
const formOf = (event) => (event.target.matches?.("[data-form]") ? event.target : null);
const taken = (event) => event.detail.xhr.status >= 200 && event.detail.xhr.status < 400; // htmx calls a refusal we show a success
document.addEventListener("input", (event) => { const form = event.target.closest("[data-form]"); if (form) form.dataset.dirty = "1"; });
document.addEventListener("htmx:beforeSend", (event) => { const form = formOf(event); if (form) { sending.add(form); delete form.dataset.dirty; } });
document.addEventListener("htmx:afterRequest", (event) => {
  const form = formOf(event);
  if (!form) return;
  sending.delete(form);
  if (!event.detail.successful) form.dataset.dirty = "1";
});
document.addEventListener("htmx:load", (event) => {
  for (const form of formOf(event) ? [event.target] : $$("[data-form]", event.target)) if (form.dataset.dirty) htmx.trigger(form, "keep");
});
// Taking back comes after the words still under way: overtaking them, it would be told that somebody was faster. Where they are refused
// nothing is taken back, for that would take their place; what is wrong with them is said, and the next time it goes on.
document.addEventListener("htmx:confirm", (event) => {
  if (!event.target.matches("[data-turn]")) return;
  const owed = $$("[data-form]").filter((form) => form.dataset.dirty || sending.has(form));
  if (!owed.length) return;
  event.preventDefault();
  Promise.all(owed.map(kept)).then((all) => { if (all.every(Boolean)) event.detail.issueRequest(true); });
});
function kept(form) {
  return new Promise((done) => {
    form.addEventListener("htmx:afterRequest", function ended(answer) {
      if (taken(answer) && form.isConnected && form.dataset.dirty) return; // more was typed meanwhile: htmx sends it next
      form.removeEventListener("htmx:afterRequest", ended);
      done(taken(answer));
    });
    if (form.dataset.dirty) htmx.trigger(form, "keep");
  });
}

// After the whole list was drawn anew: go to what was made or moved.
document.body.addEventListener("shown", (event) => {
  const { step, form } = event.detail;
  const card = document.getElementById(`schritt-${step}`);
  if (!card) return;
  (form ? $("textarea, input:not([type=hidden]), select", card.querySelector(".ds__form")) : $("[data-grip]", card))?.focus({ preventScroll: true });
  card.scrollIntoView({ block: form ? "start" : "nearest" }); // what is open is seen from its head on
});

// What was done is said for a while; who reads it, or goes there with the keys, keeps it. Strg Z takes back afterwards, too.
const WHILE = 8000;
function fade() {
  const toast = document.getElementById("toast");
  if (!toast?.firstElementChild) return;
  let timer;
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => toast.replaceChildren(), WHILE); };
  for (const stays of ["pointerenter", "focusin"]) toast.addEventListener(stays, () => clearTimeout(timer));
  for (const goes of ["pointerleave", "focusout"]) toast.addEventListener(goes, wait);
  wait();
}

document.addEventListener("click", (event) => {
  const node = event.target;
  const plus = node.closest("[data-plus]");
  if (plus?.getAttribute("aria-expanded") === "true") { event.stopImmediatePropagation(); closePalette(plus); return; }
  const shutter = node.closest("[data-shut]");
  if (shutter) { const key = shutter.dataset.shut; shut(key); $(`[data-open="${key}"]`)?.focus(); }
  if (node.closest("[data-close-palette]")) closePalette($(`[aria-controls="${node.closest("[id^=neu-]").id}"]`));
  const insert = node.closest("[data-insert]");
  if (insert) put(insert);
  const adder = node.closest("[data-add]");
  if (adder) addRow(adder);
  const less = node.closest("[data-less]");
  if (less) removeRow(less);
  const fold = node.closest("[data-fold]");
  if (fold) turnFold(fold);
  const said = node.closest(".ds__bub");
  if (said && !node.closest("a")) $("[data-open]", stepOf(said))?.click();
  if (node.closest("[data-next-finding]")) nextFinding();
}, true);
function closePalette(plus) {
  document.getElementById(plus.getAttribute("aria-controls")).replaceChildren();
  plus.setAttribute("aria-expanded", "false");
  plus.focus();
}

// ── Rows and placeholders ─────────────────────────────────────────────────
const keep = (node) => { const form = node.closest("[data-form]"); if (form) { form.dataset.dirty = "1"; htmx.trigger(form, "keep"); } };
function addRow(button) {
  const group = button.closest("[data-rows]"), list = $("[data-list]", group);
  const used = $$(":scope > li > input[type=hidden]", list).map((each) => Number(each.value)).filter(Number.isFinite);
  const html = [...group.children].find((each) => each.matches("template")).innerHTML.replaceAll(button.dataset.add === "m" ? "__m__" : "__n__", String(Math.max(-1, ...used) + 1));
  list.insertAdjacentHTML("beforeend", html);
  $("input:not([type=hidden]), select", list.lastElementChild)?.focus();
}
function removeRow(button) {
  const row = button.closest("li"), group = row.closest("[data-rows]");
  const form = row.closest("[data-form]");
  row.remove();
  $("[data-add], input:not([type=hidden])", group)?.focus();
  if (form) { form.dataset.dirty = "1"; htmx.trigger(form, "keep"); }
}
let field = null; // where something was written last
document.addEventListener("focusin", (event) => { if (event.target.matches("[data-text]")) field = event.target; });
function put(button) {
  const form = button.closest("form");
  const target = field && form.contains(field) ? field : $("[data-text]", form);
  if (!target) return;
  target.setRangeText(button.dataset.insert, target.selectionStart, target.selectionEnd, "end");
  target.focus();
  keep(target);
}

// ── Moving ────────────────────────────────────────────────────────────────
document.addEventListener("keydown", (event) => {
  const card = stepOf(event.target);
  if (event.altKey && card && !event.target.closest(".ds__form") && /^Arrow(Up|Down)$/.test(event.key)) {
    event.preventDefault();
    $(event.key === "ArrowUp" ? "[data-up]:not(:disabled)" : "[data-down]:not(:disabled)", card)?.click();
  } else if (event.key === "Escape") {
    const palette = event.target.closest("[id^=neu-]"), form = event.target.closest("[data-form]");
    if (palette) closePalette($(`[aria-controls="${palette.id}"]`));
    else if (form) { const key = form.dataset.form; shut(key); $(`[data-open="${key}"]`)?.focus(); }
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing(event.target)) {
    const button = $(event.shiftKey ? "[data-redo]" : "[data-undo]");
    if (button) { event.preventDefault(); button.click(); }
  } else if (event.key === "Enter" && event.target.id === "beispiel") {
    event.preventDefault();
    event.target.closest("details").querySelector("button").click();
  }
});
let dragged = null;
document.addEventListener("dragstart", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip) return;
  dragged = stepOf(grip);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.step);
  dragged.classList.add("is-dragged");
});
document.addEventListener("dragover", (event) => {
  const over = dragged && stepOf(event.target);
  for (const each of $$(".is-over")) if (each !== over) each.classList.remove("is-over", "is-above");
  if (!over || over === dragged) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  over.classList.add("is-over");
  over.classList.toggle("is-above", event.clientY < box.top + box.height / 2);
});
document.addEventListener("drop", (event) => {
  const over = dragged && stepOf(event.target);
  if (!over || over === dragged) return;
  event.preventDefault();
  let before = over.classList.contains("is-above") ? over.previousElementSibling : over;
  if (before === dragged) before = dragged.previousElementSibling;
  const values = { ...Object.fromEntries(new FormData($("#stand-form"))), nach: before?.dataset.step ?? "" };
  htmx.ajax("POST", dragged.dataset.move, { target: "#blatt", values });
});
document.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  for (const each of $$(".is-over")) each.classList.remove("is-over", "is-above");
  dragged = null;
});

// ── Folding, searching, findings, languages ───────────────────────────────
const folded = new Set();
function turnFold(button) {
  const key = stepOf(button).dataset.step;
  if (!folded.delete(key)) folded.add(key);
  mark();
  button.focus();
}
function mark() {
  let hide = false;
  for (const card of $$("[data-step]")) {
    const button = $("[data-fold]", card);
    if (button) {
      hide = folded.has(card.dataset.step);
      button.setAttribute("aria-expanded", String(!hide));
      button.firstElementChild.textContent = hide ? sheet.dataset.unfolding : sheet.dataset.folding;
    }
    card.classList.toggle("is-folded", hide);
  }
  const here = document.getElementById("telefon-form")?.dataset.here;
  for (const card of $$("[data-step]")) {
    const now = card.dataset.step === here;
    card.classList.toggle("is-here", now);
    if (now) card.setAttribute("aria-current", "step"); else card.removeAttribute("aria-current");
  }
}
function find() {
  const box = document.getElementById("suche"), wanted = (box?.value ?? "").trim().toLowerCase();
  let seen = 0;
  for (const card of $$("[data-step]")) {
    card.hidden = Boolean(wanted) && !$(".ds__card", card).textContent.toLowerCase().includes(wanted);
    seen += card.hidden ? 0 : 1;
  }
  if (wanted) say(`${seen} ${sheet.dataset.found}`);
}
document.addEventListener("input", (event) => { if (event.target.id === "suche") find(); });
let finding = -1;
function nextFinding() {
  const all = $$("[data-finding]");
  if (!all.length) return;
  finding = (finding + 1) % all.length;
  const card = stepOf(all[finding]);
  if (card?.classList.contains("is-folded")) { folded.clear(); mark(); }
  all[finding].focus();
  all[finding].scrollIntoView({ block: "center" });
}
document.addEventListener("change", (event) => { if (event.target.name === "sprachwahl") location.search = event.target.dataset.place; });
// A link to a step opens what is folded, and goes there with the focus too.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#schritt-"]');
  const card = link && document.getElementById(link.getAttribute("href").slice(1));
  if (!card) return;
  folded.clear();
  mark();
  setTimeout(() => ($("[data-open]", card) ?? card).focus());
});
function arrive() { if (location.hash.startsWith("#schritt-")) $("[data-open]", document.getElementById(location.hash.slice(1)) ?? sheet)?.focus(); }
if (document.readyState === "complete") setTimeout(arrive, 50); else addEventListener("load", () => setTimeout(arrive, 50)); // after the browser's own going there

// ── The phone ─────────────────────────────────────────────────────────────
let byHand = false;
document.addEventListener("submit", (event) => { if (event.target.id === "telefon-form") byHand = true; }, true);
function played() {
  mark();
  const form = document.getElementById("telefon-form");
  if (!byHand) return;
  byHand = false;
  say(form.dataset.heard);
  const write = document.getElementById("sagen") ?? document.getElementById("neu-spielen");
  write?.focus({ preventScroll: true });
}

if (sheet) {
  const data = sheet.dataset;
  const group = data.group;
  register([
    { keys: "/", group, words: data.search, icon: "search", run: () => document.getElementById("suche").focus(), when: () => shown(document.getElementById("suche")) },
    { keys: "t", group, words: data.write, icon: "phone", run: () => document.getElementById("sagen")?.focus(), when: () => shown(document.getElementById("sagen")) },
    { keys: "p", group, words: data.again, icon: "play", run: () => document.getElementById("neu-spielen")?.click(), when: () => shown(document.getElementById("neu-spielen")) },
  ]);
  mark();
}
