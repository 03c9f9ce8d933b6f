// The composer: language tabs, marking text, the preview's messenger, saving before anything else happens.
import { canRecord, record } from "../ui/recorder.js";
import { say } from "../ui/say.js";

const draft = document.getElementById("draft");
const tabs = [...document.querySelectorAll("[role=tab][data-language]")];
let kind = "";

function open(tab) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", chosen);
    each.tabIndex = chosen ? 0 : -1;
    if (chosen) each.setAttribute("aria-current", "page"); else each.removeAttribute("aria-current");
    document.getElementById(`version-${each.dataset.language}`).hidden = !chosen;
  }
  document.getElementById("shown-language").value = tab.dataset.language;
  save();
}

for (const tab of tabs) {
  tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
  tab.addEventListener("click", (event) => { event.preventDefault(); open(tab); });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    open(next);
  });
}

function save() { if (draft) htmx.trigger(draft, "save"); }

// Mark what is chosen, or begin a list: the text field stays the one source.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-wrap], [data-line]");
  if (!button) return;
  const field = document.getElementById(button.dataset.for);
  const { selectionStart: from, selectionEnd: to, value } = field;
  const chosen = value.slice(from, to);
  const text = button.dataset.wrap ? button.dataset.wrap + (chosen || "Text") + button.dataset.wrap : (from && value[from - 1] !== "\n" ? "\n" : "") + button.dataset.line + chosen;
  field.setRangeText(text, from, to, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

function preview() {
  const phones = [...document.querySelectorAll(".preview .phone")];
  if (!phones.some((phone) => phone.dataset.kind === kind)) kind = phones[0]?.dataset.kind || "";
  for (const phone of phones) phone.hidden = phone.dataset.kind !== kind;
  for (const radio of document.querySelectorAll(".preview input[name=pv]")) radio.checked = radio.value === kind;
  const shown = document.getElementById("shown-language");
  const line = shown && document.getElementById(`count-${shown.value}`);
  if (line) count(line, [...document.querySelectorAll(".preview .phone:not([data-post]) [data-left]")]);
}

// Where the least room is left stands under the text; the others on demand, and a word to those who listen when it gets too much.
function count(line, rooms) {
  rooms.sort((one, other) => one.dataset.left - other.dataset.left);
  const over = (room) => room?.dataset.left < 0;
  const tone = (piece, room) => { piece.className = over(room) ? "is-warn tone--i" : ""; };
  if (over(rooms[0]) && line.textContent && !line.className) say(rooms[0].textContent);
  line.textContent = rooms[0]?.textContent ?? "";
  tone(line, rooms[0]);
  const all = line.parentElement.querySelector("details");
  all.hidden = rooms.length < 2;
  all.querySelector("ul").replaceChildren(...rooms.map((room) => {
    const piece = document.createElement("li");
    piece.textContent = room.textContent;
    tone(piece, room);
    return piece;
  }));
}
document.addEventListener("change", (event) => {
  if (event.target.name === "pv") { kind = event.target.value; preview(); }
  if (event.target.id === "attach-file" && event.target.files.length) submitAfterSave(document.getElementById("attach-form"));
  if (event.target.matches("[data-reload]")) document.body.addEventListener("htmx:afterRequest", () => location.reload(), { once: true });
});
// What belongs to a public place shows when it is chosen.
document.addEventListener("change", (event) => {
  if (event.target.dataset.opens) document.getElementById(event.target.dataset.opens).hidden = !event.target.checked;
});
document.body.addEventListener("htmx:afterSettle", preview);
document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 409) event.detail.shouldSwap = true; });

for (const button of document.querySelectorAll("[data-pick]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.pick).click());
}

for (const more of document.querySelectorAll("[data-more]")) {
  const spare = () => more.closest("fieldset").querySelector("[data-spare]");
  more.hidden = !spare();
  more.addEventListener("click", () => {
    const row = spare();
    row.hidden = false;
    delete row.dataset.spare;
    row.querySelector("input").focus();
    more.hidden = !spare();
  });
}

// A short link in the place of a long one: a room above makes it, and lists those there are.
for (const button of document.querySelectorAll("[data-shorten]")) {
  const links = document.getElementById("kurze-links");
  button.hidden = !links;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.shorten);
    const problem = document.getElementById(`problem-${field.name}`);
    const body = new FormData();
    body.append("csrfmiddlewaretoken", draft.elements.csrfmiddlewaretoken.value);
    body.append("target", field.value.includes("://") ? field.value.trim() : `https://${field.value.trim()}`);
    try {
      const told = await (await fetch(links.dataset.make, { method: "POST", body })).json();
      problem.textContent = told.problem || "";
      if (told.link) field.value = told.link;
    } catch { problem.textContent = links.dataset.failed; }
    problem.hidden = !problem.textContent;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

// A voice recording becomes an attachment like any other file.
const voice = document.getElementById("voice");
if (voice && canRecord(voice)) {
  voice.hidden = false;
  voice.addEventListener("click", () => record(voice, (file) => {
    const files = new DataTransfer();
    files.items.add(file);
    document.getElementById("attach-file").files = files.files;
    submitAfterSave(document.getElementById("attach-form"));
  }, (sentence) => { document.getElementById("voice-problem").textContent = sentence; }));
}

// Nothing leaves the page before what was typed is saved.
async function submitAfterSave(form) {
  while (draft.matches(".htmx-request")) await new Promise((done) => setTimeout(done, 50)); // one save at a time: each names the version before
  const body = new FormData(draft);
  const answer = await fetch(draft.action, { method: "POST", body, headers: { "X-CSRFToken": body.get("csrfmiddlewaretoken"), "HX-Request": "true" } });
  if (answer.ok) form.submit();
  else document.getElementById("preview").innerHTML = await answer.text();
}
for (const form of document.querySelectorAll("form[data-after-save]")) {
  form.addEventListener("submit", (event) => { event.preventDefault(); submitAfterSave(form); });
}
preview();
