// Phones that look and feel like messengers. All state is the simulator's; the page draws it and sends what a thumb would do.
const table = document.getElementById("telefone");
const shape = document.getElementById("phone");
const who = document.getElementById("who");
const how = document.getElementById("how");
const open = new Map();
let accounts = [];
const SMALL = { text: "", at: 0 };
const LOOKS = { whatsapp: "phone--wa", telegram: "phone--tg", telegram_channel: "phone--tg", signal: "phone--si" };

const get = async (path) => (await fetch(`/_control/${path}`)).json();
async function post(path, body, raw = false) {
  const answer = await fetch(`/_control/${path}`, raw ? { method: "POST", body } : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.problem);
  return data;
}
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("de-DE", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
const make = (tag, className, text) => { const node = document.createElement(tag); if (className) node.className = className; if (text !== undefined) node.textContent = text; return node; };
const icon = (name) => { const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"); svg.setAttribute("class", "i i--s"); svg.setAttribute("aria-hidden", "true"); const use = document.createElementNS("http://www.w3.org/2000/svg", "use"); use.setAttribute("href", `/_static/icons.svg#${name}`); svg.append(use); return svg; };
const rtl = (text) => /[\u0590-\u08ff]/.test(text || "");

// ── Text with marks: WhatsApp's signs, Telegram's entities ─────────────────
function whatsappText(text) {
  const box = document.createDocumentFragment();
  const pattern = /(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~|```[^`]+```|https?:\/\/[^\s]+)/g;
  for (const piece of text.split(pattern)) {
    if (/^\*[^*]+\*$/.test(piece)) box.append(make("b", "", piece.slice(1, -1)));
    else if (/^_[^_]+_$/.test(piece)) box.append(make("i", "", piece.slice(1, -1)));
    else if (/^~[^~]+~$/.test(piece)) box.append(make("s", "", piece.slice(1, -1)));
    else if (/^```/.test(piece)) box.append(make("code", "", piece.slice(3, -3)));
    else if (/^https?:/.test(piece)) box.append(link(piece, piece));
    else box.append(piece);
  }
  return box;
}
function link(url, text) { const a = make("a", "", text); if (/^https?:\/\//.test(url)) { a.href = url; a.target = "_blank"; a.rel = "noreferrer"; } return a; }
function telegramText(text, entities) {
  const marks = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const draw = (from, to, list) => {
    const box = document.createDocumentFragment();
    let at = from;
    while (list.length) {
      const mark = list.shift();
      if (mark.offset < at) continue;
      box.append(text.slice(at, mark.offset));
      const end = mark.offset + mark.length;
      const inner = list.filter((each) => each.offset >= mark.offset && each.offset + each.length <= end);
      list = list.filter((each) => !inner.includes(each));
      const tag = { bold: "b", italic: "i", strikethrough: "s", underline: "u", code: "code", pre: "code" }[mark.type];
      const node = mark.type === "text_link" ? link(mark.url, "") : mark.type === "url" ? link(text.slice(mark.offset, end), "") : make(tag || "span");
      node.append(draw(mark.offset, end, inner));
      box.append(node);
      at = end;
    }
    box.append(text.slice(at, to));
    return box;
  };
  return draw(0, text.length, marks);
}

// ── What is no bubble: a mail, a notification, a post ──────────────────────
function head(message, name, small) {
  const line = make("p", "ph__head");
  const face = make("span", "ph__face", [...name][0] ?? "");
  face.setAttribute("aria-hidden", "true");
  const words = make("span", "grow");
  words.append(make("b", "", name), make("small", "", small));
  line.append(face, words, make("time", "ph__time", clock(message.at)));
  return line;
}
function links(phone, message, box) {
  const rows = [...(message.keyboard ?? []), ...(message.buttons?.length ? [message.buttons] : [])];
  if (!rows.length) return;
  const acts = make("div", "ph__acts");
  for (const row of rows) for (const each of row) acts.append(button(phone, message, each));
  box.append(acts);
}
function sheetOf(phone, message, all) {
  const mine = !message.ours, { chat } = phone;
  const box = make("article", `ph ph--${chat.look}${mine ? " ph--mine" : ""}`);
  box.dataset.id = message.id;
  if (chat.look === "push") box.append(head(message, chat.name, "Benachrichtigung"));
  else if (chat.look === "mail") box.append(head(message, mine ? "Ich" : chat.name, mine ? `an ${chat.handle}` : chat.handle));
  else box.append(head(message, mine ? phone.name : chat.name, mine ? "Antwort" : `@${chat.handle}`));
  if (message.deleted) { box.append(make("p", "ph__gone", "gelöscht")); return [box]; }
  if (rtl(message.text)) box.dir = "rtl";
  const quoted = chat.look === "posts" && message.quote && all.find((each) => each.id === message.quote);
  if (quoted) box.append(make("span", "pb__quote", (quoted.text || "Medien").slice(0, 90)));
  if (message.subject) box.append(make("h3", "ph__subject", message.subject));
  const words = chat.look === "mail" ? message.body ?? message.text : message.text;
  if (words) { const p = make("p", "ph__text"); p.append(message.entities ? telegramText(words, message.entities) : whatsappText(words)); box.append(p); }
  if (message.media) { const figure = make("figure", "ph__media"); figure.append(media(message.media, { text: message.alt || words })); if (message.alt) figure.append(make("figcaption", "", `Bildbeschreibung: ${message.alt}`)); box.append(figure); }
  links(phone, message, box);
  if (message.footer) box.append(make("p", "pb__meta", message.footer));
  if (message.edited) box.append(make("p", "pb__meta", "bearbeitet"));
  const reactions = Object.values(message.reactions || {}).filter(Boolean);
  if (reactions.length) box.append(make("p", "pb__meta", reactions.join("")));
  box.append(tools(phone, message, mine));
  return [box];
}

// ── One bubble ─────────────────────────────────────────────────────────────
function bubble(phone, message, all) {
  const mine = !message.ours;
  const box = make("div", `pb${mine ? " pb--out" : ""}`);
  box.dataset.id = message.id;
  box.append(make("span", "vh", mine ? "Ich: " : "Behörde: "));
  if (message.deleted) { box.append(make("p", "", "Diese Nachricht wurde gelöscht")); return [box]; }
  if (rtl(message.text)) box.dir = "rtl";
  const quoted = message.quote && all.find((each) => each.id === message.quote);
  if (quoted) box.append(make("span", "pb__quote", (quoted.text || "Medien").slice(0, 90)));
  if (message.media) box.append(media(message.media, message));
  if (message.location) { const map = make("div", "phone__map"); map.append(icon("pin")); box.append(map, make("p", "", message.location.name || `${message.location.latitude.toFixed(4)}, ${message.location.longitude.toFixed(4)}`)); }
  if (message.header) box.append(make("b", "", message.header));
  if (message.text) { const p = make("p"); p.append(message.entities ? telegramText(message.text, message.entities) : whatsappText(message.text)); box.append(p); }
  if (message.footer) { const f = make("p", "pb__meta", message.footer); box.append(f); }
  box.append(meta(message, mine));
  const reactions = Object.values(message.reactions || {}).filter(Boolean);
  if (reactions.length) box.append(make("span", "pb__react", reactions.join("")));
  box.append(tools(phone, message, mine));
  const result = [box];
  if (message.buttons?.length) { const acts = make("div", "pb__acts"); for (const each of message.buttons) acts.append(button(phone, message, each)); box.append(acts); }
  if (message.list) { const acts = make("div", "pb__acts"); const b = make("button", "", ""); b.type = "button"; b.append(icon("menu"), message.list.label); b.addEventListener("click", () => sheet(phone, message)); acts.append(b); box.append(acts); }
  if (message.keyboard?.length) { const keys = make("div", "pk"); for (const row of message.keyboard) { const line = make("div"); for (const each of row) line.append(button(phone, message, each)); keys.append(line); } result.push(keys); }
  return result;
}
function media(file, message) {
  const url = `/_control/files/${encodeURIComponent(file.id)}`;
  if (file.kind === "image" || file.kind === "sticker") { const img = make("img"); img.src = url; img.alt = message.text || "Bild"; img.loading = "lazy"; return img; }
  if (file.kind === "voice" || file.kind === "audio") { const audio = make("audio"); audio.controls = true; audio.src = url; audio.preload = "metadata"; return audio; }
  if (file.kind === "video") { const video = make("video"); video.controls = true; video.src = url; return video; }
  const p = make("p"); p.append(icon("doc"), " "); const a = make("a", "", file.name || "Dokument"); a.href = url; p.append(a); return p;
}
function meta(message, mine) {
  const line = make("p", "pb__meta", `${message.edited ? "bearbeitet " : ""}${clock(message.at)}`);
  if (mine) { const tick = make("span", message.status === "read" ? "is-seen" : ""); tick.append(icon(message.status === "read" ? "check2" : "check"), make("span", "vh", message.status === "read" ? "gelesen" : "gesendet")); line.append(tick); }
  return line;
}
function button(phone, message, each) {
  if (each.url) { const a = link(each.url, ""); a.append(icon("out"), each.title); return a; }
  const b = make("button", "", ""); b.type = "button"; b.append(message.style === "whatsapp" ? icon("reply") : "", each.title);
  b.addEventListener("click", () => act(phone, "tap", { message: message.id, choice: each.id || each.title }));
  return b;
}
function tools(phone, message, mine) {
  const box = make("span", "pb__tools");
  const tool = (text, title, work) => { const b = make("button", "", text); b.type = "button"; b.title = title; b.setAttribute("aria-label", title); b.addEventListener("click", work); box.append(b); };
  const can = (verb) => phone.chat.does.includes(verb);
  if (can("write")) tool("↩", "Antworten", () => quote(phone, message));
  if (can("react")) tool("👍", "Mit Daumen reagieren", () => act(phone, "react", { message: message.id, emoji: message.reactions?.them ? "" : "👍" }));
  if (mine && can("edit") && ["text", "post"].includes(message.kind)) tool("✎", "Bearbeiten", () => { const text = prompt("Neuer Text", message.text); if (text) act(phone, "edit", { message: message.id, text }); });
  if (mine) tool("🗑", "Löschen", () => act(phone, "delete", { message: message.id }));
  return box;
}
function quote(phone, message) {
  phone.quote = message.id;
  const line = phone.node.querySelector(".phone__quote");
  line.hidden = false;
  line.querySelector("span").textContent = message.text || "Medien";
  phone.node.querySelector("input[name=text]").focus();
}
function sheet(phone, message) {
  const box = make("div", "sheet"); box.setAttribute("role", "dialog"); box.setAttribute("aria-label", message.list.label);
  box.append(make("b", "", message.list.label));
  const list = make("ul");
  const close = () => { box.remove(); phone.node.querySelector("input[name=text]").focus(); };
  for (const row of message.list.rows) {
    const item = make("li"); const b = make("button", "", row.title); b.type = "button";
    if (row.description) b.append(make("small", "", row.description));
    b.addEventListener("click", () => { act(phone, "tap", { message: message.id, choice: row.id }); close(); });
    item.append(b); list.append(item);
  }
  const away = make("button", "sheet__go", "Schließen"); away.type = "button"; away.addEventListener("click", close);
  box.append(list, away);
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  phone.node.querySelector(".phone").append(box);
  list.querySelector("button").focus();
}

// ── One phone ──────────────────────────────────────────────────────────────
async function act(phone, verb, body = {}) {
  try {
    await post(`people/${phone.person}/${verb}`, { account: phone.account, ...body });
    note(phone, "");
  } catch (problem) { note(phone, problem.message); }
}
// What cannot be done is answered in English, for programs; whoever holds the phone reads why in German.
const WHY = [
  [/^there is no post/, "Noch kein Beitrag, auf den man antworten könnte."],
  [/block/, "Blockiert: Erst die Blockierung aufheben, dann schreiben."],
  [/^no such (button|choice|message)/, "Das ist nicht mehr da."],
  [/no messenger here|start parameter|no such link|a link to somebody else/, "Dieser Link führt hier zu keinem Chat."],
  [/^nobody |no Page has this name/, "Darunter ist niemand zu erreichen."],
  [/too long/, "Zu lang für eine Nachricht."],
  [/only one's own text/, "Nur eigener Text lässt sich ändern."],
  [/^nothing to unsubscribe/, "Hier gibt es nichts abzubestellen."],
  [/^(\S+) (has|takes|edits) no|^no (verb|page)|takes pictures/, "Das kann dieser Messenger nicht."],
];
function note(phone, text) { phone.node.querySelector(".one__note").textContent = WHY.find(([problem]) => problem.test(text))?.[1] ?? text; }

async function draw(phone) {
  const view = await get(`people/${phone.person}/phone`);
  const chat = view.chats.find((each) => each.account === phone.account) || view.chats.find((each) => each.kind === phone.kind);
  if (!chat) return;
  phone.account = chat.account;
  phone.chat = chat;
  phone.name = view.person.name;
  if (chat.look === "posts" && !chat.started && !phone.follows) { phone.follows = true; act(phone, "follow").then(() => draw(phone)); }
  const node = phone.node;
  for (const each of node.querySelectorAll("[data-needs]")) each.closest("li, label, button").hidden = !chat.does.includes(each.dataset.needs);
  node.querySelector("[data-do=block]").closest("li").hidden = chat.kind === "telegram_channel";
  node.querySelector(".phone__input").hidden = !chat.does.includes("write");
  node.querySelector(".phone__input input[type=text]").placeholder = { mail: "E-Mail schreiben", posts: "Antworten" }[chat.look] ?? "Nachricht";
  node.querySelector("h2").textContent = view.person.name;
  node.querySelector(".phone").setAttribute("aria-label", `Telefon von ${view.person.name}, ${chat.title}`);
  node.querySelector(".phone__head b").textContent = chat.name;
  node.querySelector(".phone__head small").textContent = chat.typing ? "schreibt …" : chat.title;
  node.querySelector("[data-do=block]").textContent = chat.blocked ? "Nicht mehr blockieren" : "Blockieren";
  phone.blocked = chat.blocked;
  const log = node.querySelector(".phone__log");
  const fingerprint = JSON.stringify([chat.messages, chat.typing, chat.blocked]);
  if (fingerprint === phone.drawn) return;
  phone.drawn = fingerprint;
  log.replaceChildren(make("p", "phone__day", chat.messages.length ? "Heute" : empty(chat)));
  if (chat.look === "push") { const now = new Date(); const day = make("p", "ph__now", clock(now / 1000)); day.append(make("small", "", now.toLocaleDateString("de-DE", { timeZone: "Europe/Berlin", weekday: "long", day: "numeric", month: "long" }))); log.prepend(day); }
  const one = chat.look === "chat" ? bubble : sheetOf;
  const shown = chat.messages.slice(-80);
  for (const message of chat.look === "chat" ? shown : shown.reverse()) log.append(...one(phone, message, chat.messages)); // sheets: the newest on top
  if (chat.typing) log.append(make("p", "phone__typing", "schreibt …"));
  if (chat.blocked) log.append(make("p", "phone__day", "Sie haben diesen Kontakt blockiert"));
  if (chat.messages.some((each) => each.ours && ["sent", "delivered"].includes(each.status)) && !document.hidden && view.person.reads && chat.kind !== "telegram_channel") {
    clearTimeout(phone.reading);
    phone.reading = setTimeout(() => act(phone, "read"), 900);
  }
  node.querySelector(".time").textContent = clock(Date.now() / 1000);
}

function empty(chat) {
  if (chat.look === "push") return chat.started ? "Keine Benachrichtigung" : "Hier ist nichts abonniert";
  if (chat.look === "mail") return "Das Postfach ist leer";
  if (chat.look === "posts" || !chat.does.includes("write")) return "Noch kein Beitrag";
  if (chat.kind === "telegram") return chat.started ? "Schreiben Sie die erste Nachricht" : "Tippen Sie auf Senden, um zu starten";
  return "Schreiben Sie die erste Nachricht";
}

function show(person, account) {
  const key = `${person}|${account.id}`;
  if (open.has(key)) { open.get(key).node.scrollIntoView({ behavior: "smooth" }); return; }
  const node = shape.content.firstElementChild.cloneNode(true);
  const phone = { node, person, account: account.id, kind: account.kind, quote: "" };
  node.querySelector(".phone").classList.add(LOOKS[account.kind] ?? "phone--si");
  node.querySelector(".phone").classList.add(`phone--${account.kind}`, `phone--as-${account.look}`);
  wire(phone, key);
  open.set(key, phone);
  table.append(node);
  remember();
  draw(phone);
}
function wire(phone, key) {
  const { node } = phone;
  const menu = node.querySelector(".phone__menu");
  const verbs = {
    close: () => { open.delete(key); node.remove(); remember(); },
    menu: (b) => { menu.hidden = !menu.hidden; b.setAttribute("aria-expanded", !menu.hidden); },
    photo: () => act(phone, "photo", { sample: ["schlagloch", "laterne", "muell", "park"][Math.floor(Math.random() * 4)] }),
    meter: () => act(phone, "photo", { sample: `zaehler:00${Math.floor(300 + Math.random() * 600)}.${Math.floor(100 + Math.random() * 900)}` }),
    album: () => act(phone, "album"), voice: () => act(phone, "voice"), location: () => act(phone, "location"),
    contact: () => act(phone, "contact", { name: "Hausverwaltung Beispiel", phone: "+493023125777" }),
    block: () => act(phone, phone.blocked ? "unblock" : "block"),
    link: async () => { const text = prompt("Link einfügen"); if (text) { try { const found = await post(`people/${phone.person}/link`, { link: text }); const account = accounts.find((each) => each.id === found.account); show(phone.person, account); } catch (problem) { note(phone, problem.message); } } },
    unquote: () => { phone.quote = ""; node.querySelector(".phone__quote").hidden = true; },
    list: () => chats(phone),
  };
  node.addEventListener("click", (event) => {
    const b = event.target.closest("[data-do]");
    if (!b) { if (!event.target.closest(".phone__menu")) menu.hidden = true; return; }
    if (b.dataset.do !== "menu") menu.hidden = true;
    verbs[b.dataset.do](b);
  });
  node.querySelector(".phone__input").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    const text = field.value.trim() || (node.querySelector(".phone__log").children.length < 2 && phone.kind === "telegram" ? "/start" : "");
    if (!text) return;
    act(phone, "write", { text, quote: phone.quote });
    field.value = "";
    verbs.unquote();
  });
  node.querySelector("input[type=file]").addEventListener("change", async (event) => {
    const form = new FormData();
    form.append("account", phone.account);
    form.append("file", event.target.files[0]);
    try { await post(`people/${phone.person}/photo`, form, true); } catch (problem) { note(phone, problem.message); }
    event.target.value = "";
  });
}
async function chats(phone) {
  const list = phone.node.querySelector(".phone__chats");
  if (!list.hidden) { list.hidden = true; return; }
  const view = await get(`people/${phone.person}/phone`);
  list.replaceChildren();
  for (const chat of view.chats.filter((each) => each.kind === phone.kind)) {
    const item = make("li"); const b = make("button", ""); b.type = "button";
    const last = chat.messages.at(-1) || SMALL;
    b.append(make("span", "phone__face", chat.name.slice(0, 1)), make("b", "", chat.name), make("small", "", last.text || "Noch keine Nachricht"));
    b.addEventListener("click", () => { phone.account = chat.account; phone.drawn = ""; list.hidden = true; draw(phone); });
    item.append(b); list.append(item);
  }
  list.hidden = false;
  list.querySelector("button")?.focus();
}

// ── The page ───────────────────────────────────────────────────────────────
async function people() {
  const [list, found] = await Promise.all([get("people"), get("accounts")]);
  accounts = found.flatMap((each) => [each, ...(each.channels ?? []).map((one) => ({ id: `${each.id}@${one.name}`, kind: "telegram_channel", title: "Telegram-Kanal", name: one.title, look: "chat", started: true }))])
    .filter((each) => !(each.kind === "telegram" && each.channels.length && !each.used_by)); // a bot that only posts in its channel talks to nobody
  const chosen = who.value;
  who.replaceChildren(...list.slice(0, 400).map((each) => new Option(`${each.name} (${each.language})`, each.id)));
  if (chosen) who.value = chosen;
  const kept = how.value;
  how.replaceChildren(...accounts.map((each) => new Option(`${each.title}: ${each.name}`, each.id)));
  if (kept) how.value = kept;
  return list;
}
const remember = () => { try { localStorage.setItem("phones", JSON.stringify([...open.keys()])); } catch { /* private mode: the table starts empty next time */ } };

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const account = accounts.find((each) => each.id === how.value);
  if (account && who.value) show(who.value, account);
});
document.getElementById("new").addEventListener("click", async () => {
  const name = prompt("Wie heißt die Person?", "Erika Beispiel");
  if (!name) return;
  const person = await post("people", { name });
  await people();
  who.value = person.id;
  const account = accounts.find((each) => each.id === how.value);
  if (account) show(person.id, account);
});
document.getElementById("faults").addEventListener("change", (event) => {
  const nets = { good: { latency: 0, too_many: 0, broken: 0, status_delay: 0 }, slow: { latency: 1.5, too_many: 0, broken: 0, status_delay: 2 }, bad: { latency: 0.5, too_many: 0.2, broken: 0.3, status_delay: 3 } };
  for (const account of accounts.filter((each) => each.kind !== "telegram_channel")) post(`accounts/${account.id}/faults`, nets[event.target.value]);
});

// Everything at once: each messenger in the hand of somebody who uses it, where anybody does.
document.getElementById("all").addEventListener("click", async () => {
  const list = await people();
  for (const account of accounts) show(account.used_by || list[0].id, account);
});

get("beside").then((found) => {
  const line = document.getElementById("beside");
  line.hidden = !found.length;
  found.forEach((each, place) => line.append(place ? ", " : "", link(each.url, each.title)));
});

const waiting = new Set();
function later(phone) {
  if (waiting.has(phone)) return;
  waiting.add(phone);
  setTimeout(() => { waiting.delete(phone); draw(phone); }, 60);
}
const source = new EventSource("/_control/events");
source.addEventListener("message", (event) => {
  const told = JSON.parse(event.data);
  if (told.what === "people") { people(); return; }
  if (told.what === "answered" && told.text) document.getElementById("said").textContent = told.text;
  for (const phone of open.values()) if (told.what === "hello" || told.person === phone.person || (told.person?.startsWith("@") && phone.account.endsWith(told.person))) later(phone);
});

const list = await people();
let kept = [];
try { kept = JSON.parse(localStorage.getItem("phones") || "[]"); } catch { kept = []; }
const asked = new URLSearchParams(location.search).getAll("zeige");
for (const key of asked.length ? asked : kept) {
  const [person, account] = key.split("|");
  const found = accounts.find((each) => each.id === account);
  if (found && list.some((each) => each.id === person)) show(person, found);
}
if (!open.size && list.length) for (const account of accounts.slice(0, 2)) {
  show(account.used_by || list[0].id, account);
}
