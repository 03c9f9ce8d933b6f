// The chat page with scripts: nothing is stored before the first message; then the visit's secret lies in this tab, or, by choice, on this device.
const body = document.body;
const form = document.getElementById("chat");
const log = document.getElementById("verlauf");
const list = document.getElementById("nachrichten");
const field = document.getElementById("text");
const said = document.getElementById("meldung");
const pick = document.getElementById("datei");
const words = document.getElementById("worte").dataset;
const keep = document.getElementById("merken");
const place = document.getElementById("code");
const NAME = `buergerdraht-chat-${body.dataset.house}`;
const QUICK = 2500, CALM = 8000, HIDDEN = 20000, LONGEST = 60000;
const GLANCE = 20000, HANDING = 120000; // how long a call may hang in a dead spot before it is made anew

// ── Where the secret lies ─────────────────────────────────────────────────
const store = (kind) => { try { const found = window[kind]; found.getItem(NAME); return found; } catch { return null; } }; // barred in some frames
const tab = store("sessionStorage"), device = store("localStorage");
const isVisit = (text) => /^[A-Za-z0-9_-]{43}$/.test(text || "");
const stored = [device?.getItem(NAME), tab?.getItem(NAME)].find(isVisit);
if (stored) form.elements.besuch.value = stored;
let begun = Boolean(stored) || list.children.length > 0;
let known = false;
let stamp = "";
keep.checked = isVisit(device?.getItem(NAME));

function remember() {
  begun = true;
  const visit = form.elements.besuch.value;
  if (keep.checked) { device?.setItem(NAME, visit); tab?.removeItem(NAME); } else { tab?.setItem(NAME, visit); device?.removeItem(NAME); }
}
function forget(words_) {
  tab?.removeItem(NAME);
  device?.removeItem(NAME);
  keep.checked = false;
  begun = known = false;
  stamp = "";
  list.replaceChildren();
  place.replaceChildren();
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  form.elements.besuch.value = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  tell(words_);
  field.focus();
}
const once = () => (crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join(""));

function tell(text, bad = false) {
  said.textContent = text;
  said.classList.toggle("is-bad", bad);
}

// ── Sending ────────────────────────────────────────────────────────────────
let sending = Promise.resolve();
function send(values, shown) {
  const data = new FormData();
  for (const [name, value] of Object.entries({ besuch: form.elements.besuch.value, sprache: form.elements.sprache.value, einmal: once(), ...values })) data.append(name, value);
  const line = shown ? waiting(shown) : null;
  sending = sending.then(() => post(data, line, shown)); // one after another: so they are handled in order
  return sending;
}
async function post(data, line, shown, tries = 0) {
  remember();
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(HANDING) });
    const { key, problem } = await answer.json();
    if (problem) throw Object.assign(new Error(problem), { plain: true, again: answer.status === 503 });
    if (line) line.dataset.key = key;
    tell("");
    soon();
  } catch (problem) {
    if ((!problem.plain || problem.again) && tries < 3) { // the same message under the same number: it is taken once
      await new Promise((wake) => setTimeout(wake, 1000 * 2 ** tries));
      return post(data, line, shown, tries + 1);
    }
    line?.remove();
    if (shown && !field.value) field.value = shown;
    tell(problem.plain ? problem.message : words.failed, true);
  }
}
function waiting(text) {
  const line = document.createElement("li");
  line.className = "chat__line is-own is-waiting";
  const bubble = document.createElement("div");
  bubble.className = "chat__bubble";
  bubble.dir = "auto";
  bubble.textContent = text;
  const meta = document.createElement("p");
  meta.className = "chat__meta";
  meta.textContent = words.sent;
  bubble.append(meta);
  line.append(bubble);
  list.append(line);
  log.scrollTop = log.scrollHeight;
  return line;
}
form.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.name === "neue_sprache") return; // the page comes anew; the secret travels with the form
  event.preventDefault();
  if (button?.name === "wahl") { send({ wahl: button.value }, button.textContent.trim()); field.focus(); return; }
  if (button?.dataset.act === "code") { code(); return; }
  if (button?.dataset.act === "loeschen") { shut(); send({ loeschen: "1" }); return; }
  const text = field.value.trim(), file = pick?.files[0];
  if (!text && !file) { field.focus(); return; }
  send({ text, ...(file ? { datei: file } : {}) }, text || file.name);
  field.value = "";
  if (pick) { pick.value = ""; named(); }
  field.focus();
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(form.querySelector(".chat__send")); }
});
function named() { document.getElementById("dateiname").textContent = pick.files[0]?.name || ""; }
pick?.addEventListener("change", named);

// ── What is new ────────────────────────────────────────────────────────────
let timer = 0, pause = QUICK, calls = 0, quiet = 0;
const ask = (url, values) => fetch(url, { method: "POST", body: new URLSearchParams(values), credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(GLANCE) });
const base = () => ({ besuch: form.elements.besuch.value, sprache: form.elements.sprache.value });
function soon() { pause = QUICK; quiet = 0; clearTimeout(timer); timer = setTimeout(look, 700); }
async function look() {
  clearTimeout(timer);
  if (begun) {
    const mine = ++calls;
    try {
      const answer = await ask(body.dataset.state, { ...base(), stempel: stamp });
      if (mine !== calls) return;
      if (answer.status === 200) {
        const before = known;
        known = answer.headers.get("X-Bekannt") === "ja";
        if (before && !known) forget(words.deleted);
        else { merge(await answer.text()); stamp = answer.headers.get("X-Stempel"); quiet = 0; }
        pause = QUICK;
      } else if (answer.status === 204) { quiet += 1; pause = quiet > 20 ? CALM : QUICK; } else pause = Math.min(pause * 2, LONGEST);
    } catch { pause = Math.min(pause * 2, LONGEST); }
  }
  timer = setTimeout(look, document.hidden ? Math.max(pause, HIDDEN) : pause);
}
// Lines are changed in place, so that a screen reader hears only what came new.
function merge(html) {
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const fresh = new DOMParser().parseFromString(html, "text/html");
  let added = 0, last = null;
  for (const line of fresh.querySelectorAll("li")) {
    const there = [...list.children].find((each) => each.dataset.key === line.dataset.key);
    if (there && there.outerHTML === line.outerHTML) { last = there; continue; }
    if (there) there.replaceWith(line);
    else { last ? last.after(line) : list.prepend(line); added += line.dataset.part ? 1 : 0; }
    last = line;
  }
  if (added && document.hidden) document.title = `(${words.new}) ${title}`;
  if (near || added) log.scrollTop = log.scrollHeight;
  report();
}
const title = document.title;

// ── Receipts: shown, and looked at ─────────────────────────────────────────
const reported = new Map();
async function report() {
  const looked = !document.hidden && document.hasFocus();
  const values = new URLSearchParams(base());
  for (const line of list.querySelectorAll("[data-part]")) {
    const state = looked ? "gelesen" : "zugestellt";
    if (line.dataset.receipt === "read" || reported.get(line.dataset.part) === "gelesen" || reported.get(line.dataset.part) === state) continue;
    if (!looked && line.dataset.receipt) continue;
    reported.set(line.dataset.part, state);
    values.append(state, line.dataset.part);
  }
  if (!values.has("gelesen") && !values.has("zugestellt")) return;
  try {
    const answer = await ask(body.dataset.seen, values);
    if (!answer.ok) reported.clear();
  } catch { reported.clear(); }
}
const back = () => { if (!document.hidden) { document.title = title; report(); soon(); } };
document.addEventListener("visibilitychange", back);
addEventListener("focus", back);

// ── The menu ───────────────────────────────────────────────────────────────
const menu = document.querySelector(".chat__more");
const shut = () => { menu.open = false; };
for (const each of document.querySelectorAll("[data-script]")) each.hidden = false;
keep.addEventListener("change", () => { if (begun) remember(); });
document.querySelector("[data-act=vergessen]").addEventListener("click", () => { shut(); forget(words.forgotten); });
async function code() {
  shut();
  try {
    const answer = await ask(body.dataset.code, base());
    place.innerHTML = answer.ok ? await answer.text() : "";
    place.focus();
  } catch { tell(words.failed, true); }
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (menu.open) { shut(); menu.querySelector("summary").focus(); } else if (parent !== window) parent.postMessage("buergerdraht:zu", "*");
});
document.addEventListener("click", (event) => { if (menu.open && !menu.contains(event.target)) shut(); });

if (begun && !stored) remember(); // the page came by a form: the secret it carries is the one at hand
log.scrollTop = log.scrollHeight;
look();
