// The reply field: kind, quote, attachments, voice, choices, place, the messenger's window.
import { canRecord, record } from "../ui/recorder.js";
import { $, here, later, piece } from "./pieces.js";
import { lock } from "./pen.js";

document.addEventListener("change", (event) => {
  if (event.target.name === "art") mode(event.target.value);
  if (event.target.id === "datei") attach();
});

function mode(kind) {
  const field = $("#antwortfeld"), text = $("#antwort"), label = $(".sendbtn .kern-label", field);
  field.classList.toggle("reply--note", kind === "notiz");
  text.placeholder = text.dataset[kind === "notiz" ? "placeholderNotiz" : "placeholderAntwort"];
  text.lang = kind === "notiz" ? document.documentElement.lang : text.dataset.lang;
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
    const picture = file.type.startsWith("image/"), head = picture ? document.createElement("img") : drawn(".inbox__clip .i");
    alt.name = "alt"; alt.value = texts[index] ?? ""; alt.maxLength = 1000; // one for each file, in their order
    alt.placeholder = list.dataset.alt;
    alt.setAttribute("aria-label", `${file.name}: ${list.dataset.alt}`);
    if (picture) { head.alt = ""; read(file, head); } else { alt.type = "hidden"; row.append(named(file.name)); }
    drop.type = "button"; drop.className = "tool tool--s"; drop.append(drawn("[data-unquote] .i"));
    drop.setAttribute("aria-label", `${file.name} ${list.dataset.remove}`);
    drop.addEventListener("click", () => { row.remove(); keep([...input.files].filter((each) => each !== file)); });
    row.prepend(head);
    row.append(alt, drop);
    return row;
  }));
}

function drawn(icon) { return $(icon).cloneNode(true); }
function named(name) {
  const said = document.createElement("span");
  said.className = "ellip";
  said.textContent = said.title = name;
  return said;
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

// What was wrong is said until one mends it
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#antwortform")) $("#antwort-fehler > .flash.is-bad")?.remove();
});

// Choices and place: opened by their button, gone with what was in them
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]"), dropper = event.target.closest("[data-drop]");
  if (opener) unfold(document.getElementById(opener.dataset.open));
  if (dropper) fold(document.getElementById(dropper.dataset.drop));
  if (event.target.closest("[data-more-choices]")) choice(true);
  const kept = event.target.closest("[data-drop-kept]");
  if (kept) kept.closest("li").remove();
});
function unfold(box) {
  box.hidden = false;
  if (box.id === "auswahl") while (box.querySelectorAll("li").length < Math.min(2, Number(box.dataset.most))) choice(false);
  expanded(box);
  box.querySelector("input")?.focus();
}
function fold(box) {
  box.querySelectorAll("li").forEach((row) => row.remove());
  box.querySelectorAll("input").forEach((input) => { input.value = ""; });
  box.hidden = true;
  expanded(box);
  $("#antwort").focus();
  window.htmx?.trigger($("#antwort"), "pruefen");
}
function expanded(box) { $(`[data-open="${box.id}"]`)?.setAttribute("aria-expanded", String(!box.hidden)); }
function choice(focus) {
  const box = $("#auswahl"), rows = box.querySelector("ol");
  if (rows.children.length >= Number(box.dataset.most)) return;
  const row = box.querySelector("template").content.cloneNode(true), input = row.querySelector("input");
  input.placeholder = `${input.getAttribute("aria-label")} ${rows.children.length + 1}`;
  input.setAttribute("aria-label", input.placeholder);
  rows.append(row);
  box.querySelector("[data-more-choices]").hidden = rows.children.length >= Number(box.dataset.most);
  if (focus) rows.lastElementChild.querySelector("input").focus();
}
document.addEventListener("change", (event) => { if (event.target.name === "auswahl") window.htmx?.trigger($("#antwort"), "pruefen"); });

// The answer of a reply was lost and its words changed since: sent again, it is another reply
document.addEventListener("htmx:afterSwap", () => {
  const anew = $("#antwort-fehler [data-anew]"), once = $("#antwortform [data-once]");
  if (anew && once) once.value = anew.dataset.anew;
});
document.addEventListener("feld-schreiben", () => {
  const text = $("#antwort");
  $("#verlauf")?.closest(".pane__scroll")?.scrollTo({ top: 0 }); // what one just said stands at the end
  text?.focus();
  text?.setSelectionRange(text.value.length, text.value.length);
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.elt?.closest?.("#antwortfeld") && detail.requestConfig?.verb === "post" && detail.elt.tagName === "FORM")
      problem(document.documentElement.lang === "en" ? "No connection. Your text is still here; sent again, it is sent once." : "Keine Verbindung. Ihr Text ist noch da; noch einmal gesendet, geht er nur einmal hinaus.");
  });
}

export function ready() {
  lock();
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
  face.querySelector("[data-rest]").textContent = minutes >= 120 ? `${Math.floor(minutes / 60)} ${face.dataset.hours}` : minutes >= 60
    ? `${Math.floor(minutes / 60)} ${face.dataset.hours} ${minutes % 60} ${face.dataset.minutes}` : `${minutes} ${face.dataset.minutes}`;
  face.classList.toggle("is-warn", minutes < 120);
  face.classList.toggle("is-ok", minutes >= 120);
}
setInterval(clock, 30000);

// The citizen wrote, so the window may be open again: the choice of templates becomes the field, with what was typed.
const closed = () => $("#antwortfeld") && !$("#antwortform");
const opened = later(async () => {
  const content = closed() && await piece($("#antwortfeld").dataset.field), fresh = content && $("#antwortfeld", content);
  if (!fresh || !$("#antwortform", fresh) || !closed()) return;
  const words = $("#antwort").value;
  $("#antwortfeld").replaceWith(fresh);
  window.htmx?.process(fresh);
  if (words && !$("#antwort").value) $("#antwort").value = words;
  ready();
}, 300);
addEventListener("live:message", ({ detail }) => { if (here(detail) && closed()) opened(); });
addEventListener("live:hello", opened);
document.addEventListener("feld-neu", ready);
