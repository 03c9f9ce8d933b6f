// The inbox, live: bubbles append, receipts change, the list reorders. What is being typed is never touched.
// htmx comes later in the document than this module, hence asked for when needed
import { canRecord, record } from "../ui/recorder.js";
addEventListener("DOMContentLoaded", () => { if (window.htmx) window.htmx.config.historyCacheSize = 0; }); // no conversation in the browser's storage

const $ = (selector, root = document) => root.querySelector(selector);
const pane = () => $("[data-conversation]");
const drafts = new Map(); // conversation -> text, as long as the page is open

const later = (job, wait) => {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(job, wait); };
};

// ── Fetching pieces ────────────────────────────────────────────────────

async function piece(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!answer.ok) return answer.status === 404 ? "" : null;
  const box = document.createElement("template");
  box.innerHTML = await answer.text();
  return box.content;
}

function place(thread, node) {
  // by time of the messenger, then by arrival; day lines travel with the bubble after them
  if (!node.id) { thread.append(node); return; }
  const known = document.getElementById(node.id);
  if (known) { known.replaceWith(node); return; }
  const late = [...thread.querySelectorAll("[data-at]")].find((each) => Number(each.dataset.at) > Number(node.dataset.at));
  if (late) late.before(node); else thread.append(node);
}

function take(thread, content) {
  for (const node of [...content.children]) {
    if (node.dataset.day && thread.querySelector(`[data-day="${node.dataset.day}"]`)) continue;
    place(thread, node);
    window.htmx?.process(node);
  }
}

let busy = null;
async function catchUp() {
  // one at a time, and once more when something came meanwhile
  if (busy) { busy.again = true; return; }
  const here = pane();
  if (!here) return;
  busy = { again: false };
  try {
    const newest = Math.max(0, ...[...here.querySelectorAll("[data-message]")].map((each) => Number(each.dataset.message)));
    const content = await piece(`${here.dataset.messages}?nach=${newest}${document.visibilityState === "visible" ? "&sichtbar=1" : ""}`);
    if (content && here.isConnected) take($("#verlauf"), content);
  } catch { /* offline: the next event or the reconnection tries again */ }
  const again = busy.again;
  busy = null;
  if (again) catchUp();
}

async function redraw(number) {
  const here = pane(), old = document.getElementById(`m-${number}`);
  if (!here || !old) return;
  const playing = old.querySelector("audio, video");
  if (playing && !playing.paused) return;
  try {
    const content = await piece(`${here.dataset.messages}${number}/`);
    if (content === "") old.remove();
    else if (content) {
      const node = content.querySelector("[data-message]");
      if (node && old.isConnected) { old.replaceWith(node); window.htmx?.process(node); }
    }
  } catch { /* later */ }
}

const redrawHead = later(async () => {
  const here = pane();
  if (!here || $("#uebergabe:popover-open")) return;
  try {
    const content = await piece(here.dataset.head);
    const node = content && content.querySelector("#kopf");
    if (!node || !here.isConnected) return;
    $("#kopf").replaceWith(node);
    window.htmx?.process(node);
    const responsible = $("#zustaendig");
    if (responsible) responsible.textContent = node.dataset.operator;
  } catch { /* later */ }
}, 200);

const redrawList = later(() => {
  const form = $("#filter");
  if (form) window.htmx?.trigger(form, "neu");
}, 400);

function everything() { catchUp(); redrawHead(); redrawList(); }

// ── Live ───────────────────────────────────────────────────────────────

const here = (values) => String(values?.conversation ?? "") === pane()?.dataset.conversation;

addEventListener("live:message", ({ detail }) => {
  if (!here(detail)) return;
  if (document.getElementById(`m-${detail.message}`)) redraw(detail.message); else catchUp();
});
addEventListener("live:conversation", ({ detail }) => { redrawList(); if (here(detail)) { redrawHead(); catchUp(); } });
addEventListener("live:receipt", ({ detail }) => {
  const node = $(`[data-outbound="${CSS.escape(String(detail?.outbound ?? ""))}"]`);
  if (node) redraw(node.dataset.message);
});
addEventListener("live:media", () => document.querySelectorAll("[data-pending]").forEach((node) => redraw(node.dataset.message)));
addEventListener("live:hello", everything);
document.addEventListener("unterhaltung-neu", () => {
  if ($("#uebergabe:popover-open")) $("#uebergabe").hidePopover();
  everything();
});
setInterval(() => document.querySelectorAll("[data-pending]").forEach((node) => redraw(node.dataset.message)), 4000);

// ── The list ───────────────────────────────────────────────────────────

function choose(number) {
  const chosen = String(number ?? "");
  if ($("#offen")) $("#offen").value = chosen;
  document.querySelectorAll(".conv").forEach((row) => {
    if (row.dataset.number === chosen) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  });
  const desk = $(".desk");
  desk?.classList.toggle("desk--thread", Boolean(chosen));
  desk?.classList.toggle("desk--list", !chosen);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("a[data-view]");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  $("#ansicht").value = tab.dataset.view;
  redrawList();
});

function step(by) {
  const rows = [...document.querySelectorAll(".conv")];
  const at = rows.findIndex((row) => row.getAttribute("aria-current"));
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  if (next) { next.focus(); next.click(); }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing?.id === "antwort" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    typing.form.requestSubmit();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || (event.key === "ArrowDown" && event.target.closest(".conv"))) { event.preventDefault(); step(1); }
  if (event.key === "k" || (event.key === "ArrowUp" && event.target.closest(".conv"))) { event.preventDefault(); step(-1); }
  if (event.key === "r" && $("#antwort")) { event.preventDefault(); $("#antwort").focus(); }
});

// ── The reply field ────────────────────────────────────────────────────

document.addEventListener("input", (event) => {
  if (event.target.id === "antwort" && pane()) drafts.set(pane().dataset.conversation, event.target.value);
});

document.addEventListener("change", (event) => {
  if (event.target.name === "art") mode(event.target.value);
  if (event.target.id === "datei") attach();
});

function mode(kind) {
  const field = $("#antwortfeld"), text = $("#antwort"), label = $(".sendbtn .kern-label", field);
  field.classList.toggle("reply--note", kind === "notiz");
  text.placeholder = text.dataset[kind === "notiz" ? "placeholderNotiz" : "placeholderAntwort"];
  label.textContent = label.dataset[kind === "notiz" ? "labelNotiz" : "labelAntwort"];
}

document.addEventListener("click", (event) => {
  const quote = event.target.closest("[data-quote]");
  if (quote && $("#zitat")) {
    const box = $("#zitat"), text = quote.closest(".bub").querySelector(".inbox__text");
    box.querySelector("b").textContent = quote.dataset.quoteWho;
    const said = text?.cloneNode(true);
    said?.querySelector(".vh")?.remove();
    box.querySelector("span > span").textContent = (said?.textContent ?? "").trim().slice(0, 160);
    box.querySelector("input").value = quote.dataset.quote;
    box.hidden = false;
    $("#antwort").focus();
  }
  if (event.target.closest("[data-unquote]")) { $("#zitat").hidden = true; $("#zitat input").value = ""; $("#antwort").focus(); }
  const mark = event.target.closest("[data-mark]");
  if (mark) wrap($("#antwort"), mark.dataset.mark);
});

function wrap(text, mark) {
  const { selectionStart: from, selectionEnd: to } = text;
  text.setRangeText(mark + text.value.slice(from, to) + mark, from, to, "end");
  if (from === to) text.selectionStart = text.selectionEnd = from + mark.length;
  text.focus();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

// Attachments: shown with a field for what there is to see, each removable
let shown = [];
function attach() {
  const input = $("#datei"), list = $("#anhaenge");
  shown.forEach((address) => URL.revokeObjectURL(address));
  shown = [];
  const texts = [...list.querySelectorAll("input")].map((each) => each.value);
  list.replaceChildren(...[...input.files].map((file, index) => {
    const row = document.createElement("li"), alt = document.createElement("input"), drop = document.createElement("button");
    const picture = file.type.startsWith("image/");
    const head = document.createElement(picture ? "img" : "span");
    if (picture) { head.alt = ""; read(file, head); } else head.textContent = "";
    alt.name = "alt"; alt.value = texts[index] ?? ""; alt.maxLength = 1000;
    alt.placeholder = picture ? `${file.name}: ${list.dataset.alt}` : file.name;
    alt.setAttribute("aria-label", alt.placeholder);
    if (!picture) { alt.readOnly = true; }
    drop.type = "button"; drop.className = "tool tool--s"; drop.textContent = "×";
    drop.setAttribute("aria-label", `${file.name} ${list.dataset.remove}`);
    drop.addEventListener("click", () => { row.remove(); keep([...input.files].filter((each) => each !== file)); });
    row.append(head, alt, drop);
    return row;
  }));
}

function read(file, image) {
  const reader = new FileReader(); // data: is allowed by our policy, blob: is not
  reader.addEventListener("load", () => { image.src = reader.result; });
  reader.readAsDataURL(file);
}

function keep(files) {
  const bag = new DataTransfer();
  files.forEach((file) => bag.items.add(file));
  $("#datei").files = bag.files;
  attach();
}

document.addEventListener("paste", (event) => {
  if (event.target.id !== "antwort" || !event.clipboardData?.files.length) return;
  event.preventDefault();
  keep([...$("#datei").files, ...event.clipboardData.files]);
});

// Voice: recorded in the browser, sent as a file
document.addEventListener("click", (event) => {
  const button = event.target.closest("#aufnahme");
  if (button) record(button, (file) => keep([...$("#datei").files, file]), problem);
});

function problem(sentence) {
  const box = document.createElement("p");
  box.className = "flash flash--slim is-bad";
  box.textContent = sentence;
  $("#antwort-fehler")?.replaceChildren(box);
}

// ── htmx ───────────────────────────────────────────────────────────────

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status === 422) { detail.shouldSwap = true; detail.isError = false; }
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.requestConfig?.elt;
  if (!form?.closest?.("#antwortfeld") || detail.requestConfig.verb !== "post" || form.tagName !== "FORM") return;
  if (detail.successful && detail.xhr.status < 300) drafts.delete(pane()?.dataset.conversation);
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.elt?.closest?.("#antwortfeld") && detail.requestConfig?.verb === "post" && detail.elt.tagName === "FORM")
      problem(document.documentElement.lang === "en" ? "Not sent: no connection. Your text is still here." : "Nicht gesendet: keine Verbindung. Ihr Text ist noch da.");
  });
}
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const target = detail.target ?? detail.elt;
  if (target?.id === "unterhaltung") choose(pane()?.dataset.conversation);
  if (target?.id === "liste" || $("#liste")) {
    const badge = $("#filterzahl"), active = $("#liste")?.dataset.filters ?? "0";
    if (badge) { badge.firstChild.textContent = active; badge.hidden = active === "0"; }
  }
  ready();
});

function ready() {
  const text = $("#antwort"), draft = drafts.get(pane()?.dataset.conversation);
  if (text && !text.value && draft) text.value = draft;
  const button = $("#aufnahme");
  if (button && canRecord(button)) button.hidden = false;
  clock();
}

// The window of the messenger, as a quiet clock
function clock() {
  const face = $("#fenster");
  if (!face) return;
  const minutes = Math.floor((new Date(face.dataset.until) - Date.now()) / 60000);
  if (minutes < 0) { // closed while the page was open: the field becomes the choice of templates, the text stays
    window.htmx?.ajax("GET", $("#antwortfeld").dataset.field, { target: "#antwortfeld", swap: "outerHTML" });
    return;
  }
  face.querySelector("[data-rest]").textContent = minutes >= 60
    ? `${Math.floor(minutes / 60)} ${face.dataset.hours} ${minutes % 60} ${face.dataset.minutes}` : `${minutes} ${face.dataset.minutes}`;
  face.classList.toggle("is-warn", minutes < 120);
  face.classList.toggle("is-ok", minutes >= 120);
}
setInterval(clock, 30000);
ready();
