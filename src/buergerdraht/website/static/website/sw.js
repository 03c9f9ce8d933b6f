// The service worker of the push page. HOUSE comes before this: the page's address, the icon, and what to keep for when there is no network.
importScripts(HOUSE.store);
const CACHE = `buergerdraht-push-${HOUSE.slug}-1`;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await Promise.allSettled([HOUSE.page, HOUSE.icon, ...HOUSE.assets].map((each) => cache.add(new Request(each, { cache: "reload" }))));
    await self.skipWaiting();
  })());
});
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith(`buergerdraht-push-${HOUSE.slug}-`) && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

// ── Without a network: the page and its looks, as they were last ───────────
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === HOUSE.page) event.respondWith(fresh(event.request, HOUSE.page));
  else if (url.pathname.startsWith("/static/") || url.pathname === HOUSE.icon || HOUSE.assets.includes(url.pathname)) event.respondWith(fresh(event.request, event.request));
});
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await cache.put(key, answer.clone());
    return answer;
  } catch (problem) {
    const kept = await cache.match(key, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    throw problem;
  }
}

// ── What arrives ───────────────────────────────────────────────────────────
const web = (url) => (typeof url === "string" && /^https?:\/\//.test(url) ? url : "");
function read(data) {
  let found = {};
  try { found = data ? data.json() : {}; } catch { found = {}; }
  if (typeof found !== "object" || found === null) found = {};
  const actions = Array.isArray(found.actions) ? found.actions.filter((each) => each && each.title && web(each.url)).slice(0, 2) : [];
  return {
    tag: String(found.tag || `ohne-${Date.now()}`), title: String(found.title || HOUSE.name), text: String(found.text || ""),
    url: web(found.url), actions, urgent: found.urgent === true, at: Date.now(),
  };
}
self.addEventListener("push", (event) => {
  const message = read(event.data);
  event.waitUntil((async () => {
    await self.registration.showNotification(message.title, { // every push shows something: browsers demand it
      body: message.text, tag: message.tag, icon: HOUSE.icon, badge: HOUSE.icon, timestamp: message.at, requireInteraction: message.urgent,
      data: { url: message.url, actions: message.actions },
      actions: message.actions.map((each, number) => ({ action: `open${number}`, title: String(each.title) })),
    });
    await pushStore.keep(HOUSE.slug, message);
    for (const page of await self.clients.matchAll({ type: "window" })) page.postMessage("neu");
  })());
});
self.addEventListener("notificationclick", (event) => { // nobody is told that it was pressed
  event.notification.close();
  const { url = "", actions = [] } = event.notification.data || {};
  const pressed = actions[Number(event.action.replace("open", ""))];
  event.waitUntil(go(event.action && pressed ? pressed.url : url || new URL(HOUSE.page, location.origin).href));
});
async function go(url) {
  for (const page of await self.clients.matchAll({ type: "window" })) if (page.url === url && "focus" in page) return page.focus();
  return self.clients.openWindow(url);
}

// ── When the browser changes its subscription ──────────────────────────────
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil((async () => {
    const old = event.oldSubscription?.toJSON() || await pushStore.own(HOUSE.slug);
    const fresh = event.newSubscription || await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: HOUSE.key });
    if (!old) return; // the page asks anew when it is opened
    const answer = await fetch(HOUSE.renew, { method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ old, new: fresh.toJSON() }) });
    if (answer.ok) await pushStore.setOwn(HOUSE.slug, fresh.toJSON());
  })());
});
