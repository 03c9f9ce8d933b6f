// Signing this device up for push messages. The service worker shows and keeps what arrives; this page draws it.
const box = document.getElementById("push");
const { key, slug, language, worker, scope, signUp, state, leave } = box.dataset;
const form = document.getElementById("wahl");
const said = document.getElementById("meldung");
const words = document.getElementById("worte").dataset;
const list = document.getElementById("nachrichten");
const devices = document.getElementById("geraete");
const part = (name) => document.getElementById(name);
const ios = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
const installed = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function tell(text, kind = "") {
  said.textContent = text;
  said.className = `push__said${kind ? ` is-${kind}` : ""}`;
}
async function ask(url, values) {
  const answer = await fetch(url, { method: "POST", credentials: "omit", cache: "no-store", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ language, ...values }) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4)), (sign) => sign.charCodeAt(0));
const letters = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function registered() {
  const found = await navigator.serviceWorker.register(worker, { scope });
  if (!found.active) await new Promise((done) => { const next = found.installing || found.waiting; next.addEventListener("statechange", () => next.state === "activated" && done()); if (next.state === "activated") done(); });
  return found;
}
async function current() {
  if (!able) return null;
  const found = await navigator.serviceWorker.getRegistration(scope);
  return found ? found.pushManager.getSubscription() : null;
}

// ── Drawing ────────────────────────────────────────────────────────────────
function drawState(on, told = { topics: null, devices: [] }) {
  part("aus").hidden = on;
  part("an").hidden = !on;
  part("abmelden").hidden = !on;
  if (told.topics && form) for (const each of form.querySelectorAll("[name=thema]")) each.checked = told.topics.includes(each.value);
  const others = told.devices.filter((each) => !each.here);
  part("andere").hidden = !others.length;
  devices.replaceChildren(...others.map((each) => {
    const line = document.createElement("li");
    const away = document.createElement("button");
    away.type = "button";
    away.className = "tool tool--line";
    away.textContent = `${words.remove}: ${each.name}`;
    away.addEventListener("click", () => gone(each.number));
    line.append(each.name, " ", away);
    return line;
  }));
}
async function drawMessages() {
  const all = await pushStore.all(slug).catch(() => []);
  part("leer").hidden = all.length > 0;
  part("verwerfen").hidden = all.length === 0;
  list.replaceChildren(...all.map((message) => {
    const line = document.createElement("li");
    const title = document.createElement("h3");
    title.textContent = message.title;
    const text = document.createElement("p");
    text.className = "push__text";
    text.dir = "auto";
    text.textContent = message.text;
    const at = document.createElement("time");
    at.dateTime = new Date(message.at).toISOString();
    at.textContent = new Date(message.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    line.append(title, text, at);
    for (const each of message.actions || []) {
      const way = document.createElement("p");
      const link = document.createElement("a");
      link.href = each.url;
      link.rel = "noopener noreferrer";
      link.textContent = each.title;
      way.append(link);
      line.append(way);
    }
    return line;
  }));
}

// ── Verbs ──────────────────────────────────────────────────────────────────
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const topics = [...form.querySelectorAll("[name=thema]:checked")].map((each) => each.value);
  if (!topics.length) { tell(words.topics, "bad"); form.querySelector("[name=thema]")?.focus(); return; }
  tell(words.working);
  try {
    if (await Notification.requestPermission() !== "granted") { tell(words.denied, "bad"); return; }
    const found = await registered();
    let subscription = await found.pushManager.getSubscription();
    const held = subscription?.options?.applicationServerKey;
    if (held && letters(held) !== key) { await subscription.unsubscribe(); subscription = null; } // the authority has a new key
    subscription ||= await found.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    const own = subscription.toJSON();
    const told = await ask(signUp, { subscription: own, topics });
    await pushStore.setOwn(slug, own);
    drawState(true, told);
    tell(words.on, "ok");
  } catch (problem) { tell(problem.message === "429" ? words.many : words.failed, "bad"); }
});
async function gone(number) {
  try {
    const subscription = await current();
    const own = subscription?.toJSON() || await pushStore.own(slug);
    if (own) await ask(leave, { subscription: own, ...(number ? { number } : {}) }).catch((problem) => { if (problem.message !== "404") throw problem; });
    if (number) { drawState(true, await ask(state, { subscription: own })); tell(words.removed, "ok"); return; }
    await subscription?.unsubscribe();
    await pushStore.setOwn(slug, null);
    drawState(false);
    tell(words.off, "ok");
  } catch { tell(words.failed, "bad"); }
}
part("abmelden").addEventListener("click", () => gone());
part("verwerfen").addEventListener("click", async () => { await pushStore.empty(slug); drawMessages(); });

// ── Beginning ──────────────────────────────────────────────────────────────
async function begin() {
  if (!able) { part(ios && !installed ? "ios" : "kann-nicht").hidden = false; if (form) form.hidden = true; return; }
  navigator.serviceWorker.addEventListener("message", drawMessages);
  if (Notification.permission === "denied") tell(words.denied, "bad");
  await drawMessages();
  const subscription = await current();
  const last = await pushStore.own(slug).catch(() => null);
  if (!subscription) { drawState(false); if (last) tell(words.lost, "bad"); return; }
  const own = subscription.toJSON();
  try {
    if (last && last.endpoint !== own.endpoint) await ask(box.dataset.renew, { old: last, new: own }).catch(() => {});
    const told = await ask(state, { subscription: own });
    drawState(told.known, told.known ? told : undefined);
    if (told.known) await pushStore.setOwn(slug, own); else tell(words.lost, "bad");
  } catch { drawState(true); tell(words.offline); }
}
begin();
