// The reply lock and the shared draft. Typing takes the pen and saves; whoever loses it keeps their words on the screen.
import { $, here, pane, piece } from "./pieces.js";

const QUIET = 800, MOST = 3000, LEFT = 3000, RENEW = 25000;
let timer = null, oldest = 0, busy = false, again = false, leaving = null, renewed = 0;

const field = () => $("#antwortfeld");
const text = () => $("#antwort");
const held = () => $("#stift")?.dataset.held ?? "";
const kind = () => $('input[name="art"]:checked', field() ?? document)?.value ?? "antwort";

function typed(done) {
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "einmal", "entwurf"]) data.set(name, text().form.elements[name]?.value ?? "");
  data.set("text", text().value);
  data.set("art", kind());
  if (done) data.set("fertig", "ja");
  return data;
}

async function save(done = false) {
  clearTimeout(timer);
  timer = null; oldest = 0;
  const box = field();
  if (!box?.dataset.draft || !text() || text().readOnly) return;
  if (busy) { again = true; return; }
  busy = true;
  renewed = Date.now();
  try {
    const answer = await fetch(box.dataset.draft, { method: "POST", body: typed(done), headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (answer.ok && box.isConnected) {
      const content = document.createElement("template");
      content.innerHTML = await answer.text();
      show(content.content);
    }
  } catch { /* offline: the words are in the field, the next letter tries again */ }
  busy = false;
  if (again) { again = false; save(); }
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "antwort") return;
  clearTimeout(leaving);
  const now = Date.now();
  oldest ||= now;
  clearTimeout(timer);
  if (held() !== "mine" && kind() === "antwort" && now - renewed > MOST) { save(); return; }
  timer = setTimeout(save, Math.max(0, Math.min(QUIET, oldest + MOST - now)));
});
setInterval(() => { // still at it, though thinking
  if (held() === "mine" && document.activeElement === text() && Date.now() - renewed > RENEW && document.visibilityState === "visible") save();
}, 5000);

// Leaving the field for good lays the pen down
document.addEventListener("focusout", (event) => {
  if (!event.target.closest?.("#antwortfeld")) return;
  clearTimeout(leaving);
  leaving = setTimeout(() => { if (held() === "mine" && !document.activeElement?.closest("#antwortfeld")) save(true); }, LEFT);
});
document.addEventListener("focusin", (event) => { if (event.target.closest?.("#antwortfeld")) clearTimeout(leaving); });

function leave() {
  if (!field()?.dataset.draft || !text() || held() !== "mine") return;
  clearTimeout(timer);
  navigator.sendBeacon(field().dataset.draft, typed(true));
}
addEventListener("pagehide", leave);
document.addEventListener("htmx:beforeSwap", ({ detail }) => { if (detail.target?.id === "unterhaltung" && detail.xhr.status < 300) leave(); });
document.addEventListener("htmx:beforeRequest", ({ detail }) => { // what is sent is no draft any more
  if (detail.elt.closest?.("#antwortfeld") && detail.requestConfig.verb === "post" && detail.elt.tagName === "FORM") { clearTimeout(timer); timer = null; again = false; }
});

// What the server says about the pen
function show(content) {
  const fresh = $("#stift", content), old = $("#stift");
  if (!fresh || !old) return;
  const line = (node) => $(".pen__line", node)?.textContent.replace(/\s+/g, " ") ?? "";
  const open = $(".pen__draft", old)?.open;
  if (line(fresh) === line(old) && fresh.dataset.held === old.dataset.held) { // nothing to announce: only the words behind it
    const words = $(".pen__text", fresh), known = $(".pen__text", old);
    Object.assign(old.dataset, fresh.dataset);
    if (words && known) { known.replaceChildren(...words.childNodes); return; }
    if (!words && !known) return;
  }
  for (const name of ["held", "who", "draft", "stamp"]) old.dataset[name] = fresh.dataset[name] ?? "";
  old.replaceChildren(...fresh.childNodes);
  window.htmx?.process(old);
  if (open && $(".pen__draft", old)) $(".pen__draft", old).open = true;
  lock();
}

export function lock() {
  const other = held() === "other" || field()?.hasAttribute("data-locked"), words = text(), button = $("#antwortfeld .sendbtn");
  if (!words) return;
  words.readOnly = other && kind() === "antwort";
  if (button) button.disabled = other && kind() === "antwort";
  const load = $("[data-load-draft]");
  if (load) {
    const own = $('[name="entwurf"]', words.form)?.value === $("#stift").dataset.draft;
    load.hidden = own && words.value !== "";
    const draft = $(".pen__draft");
    if (draft && !words.disabled) draft.hidden = load.hidden;
  }
}
document.addEventListener("change", (event) => { if (event.target.name === "art") lock(); });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-load-draft]")) redraw();
});
function redraw() { window.htmx?.ajax("GET", field().dataset.field, { target: "#antwortfeld", swap: "outerHTML" }); }

// Nothing in the field is only there: it is empty, or a draft as it was drawn.
const untouched = () => {
  const words = text(), began = $('[name="entwurf"]', words.form)?.value;
  return (words.value === "" || (words.value === words.defaultValue && Boolean(began)))
    && !field().querySelector("#anhaenge li, #bleibt li, #auswahl:not([hidden]), #ortfeld:not([hidden]), #zitat:not([hidden])");
};

// Drawn anew by itself, unless somebody began to write while it was fetched.
async function refill() {
  const box = field(), content = await piece(box.dataset.field), fresh = content && $("#antwortfeld", content);
  if (!box.isConnected || !text()) return;
  if (!fresh || !untouched() || coming) { lock(); return; }
  box.replaceWith(fresh);
  window.htmx?.process(fresh);
  document.dispatchEvent(new Event("feld-neu"));
}

// A step of one's own brings the field with its answer: drawn twice, words typed in between would be lost.
let coming = 0;
document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.target?.id === "antwortfeld") coming += 1; });
document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.target?.id === "antwortfeld") coming = Math.max(0, coming - 1); });

// Whoever takes over again goes on with all their words, also those the lock came too soon for to be saved.
let mine = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id === "antwortfeld" && /uebernehmen\/$/.test(detail.requestConfig?.path ?? "")) mine = text()?.value ?? null;
});
document.addEventListener("htmx:afterSwap", () => { // in the moment of the swap: until things settle the next letters are typed
  const words = mine;
  mine = null;
  if (!words || !text() || text().value === words || !words.startsWith(text().value)) return;
  text().value = words;
  text().dispatchEvent(new Event("input", { bubbles: true }));
});

// Who is responsible changed: the field opens or closes with the head; what somebody wrote in it stays.
export function settle() {
  if (!field() || !text()) return;
  const locked = $("#kopf").hasAttribute("data-locked");
  if (field().hasAttribute("data-locked") !== locked && !coming) {
    if (untouched()) { refill(); return; }
    field().toggleAttribute("data-locked", locked);
  }
  lock();
}

async function look() {
  const box = field();
  if (!box?.dataset.draft || busy) return;
  const before = held();
  try {
    const content = await piece(box.dataset.draft);
    if (!content || !box.isConnected) return;
    const fresh = $("#stift", content);
    const free = fresh && fresh.dataset.held === "" && fresh.dataset.draft && before === "other";
    const ended = fresh && !fresh.dataset.held && !fresh.dataset.draft && text()?.value && untouched(); // sent or thrown away elsewhere
    show(content);
    if (ended || (free && text() && !text().value)) refill(); // a colleague stopped: their words are ready to go on with
  } catch { /* later */ }
}
let waiting = null;
addEventListener("live:draft", ({ detail }) => {
  if (!here(detail)) return;
  clearTimeout(waiting);
  waiting = setTimeout(look, 150);
});
addEventListener("live:hello", () => { if (pane()) look(); });
setInterval(() => { if (held() === "other" && document.visibilityState === "visible") look(); }, 15000); // it may have run out
