// Keeps the look of the page without a connection, and shows what wakes the device. Keeps no conversation, nor anything else of citizens.
// VERSION, SHELL and OFFLINE stand above: the server writes them.
const STORE = `shell-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const store = await caches.open(STORE);
    await store.addAll(SHELL.map((address) => new Request(address, { cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== STORE) await caches.delete(name);
    await self.registration.navigationPreload?.enable();
    await self.clients.claim();
  })());
});

// Pages and what they look like come from the network; only where there is none, from what was kept.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (SHELL.includes(new URL(request.url).pathname) && new URL(request.url).origin === location.origin) event.respondWith(look(request));
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? await fetch(event.request);
  } catch {
    return (await caches.match(OFFLINE)) ?? Response.error();
  }
}

async function look(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

async function show(data) {
  let words = {};
  try { words = data?.json() ?? {}; } catch { /* not ours to read: the plain sentence does */ }
  const open = await self.clients.matchAll({ type: "window" });
  if (words.kind !== "test" && open.some((client) => client.focused)) return; // the bell on the page says it already
  await self.registration.showNotification(words.title ?? "Bürgerdraht", {
    body: words.body ?? "", tag: words.conversation ? `${words.kind}-${words.conversation}` : words.kind, data: { place: words.place },
    icon: "/static/ui/img/icon-192.png", badge: "/static/ui/img/badge.png", requireInteraction: words.kind === "urgent",
    renotify: words.kind === "urgent" && Boolean(words.conversation),
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data?.place ?? "/"));
});

async function lead(place) {
  const address = new URL(place, location.origin);
  if (address.origin !== location.origin) return;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((client) => new URL(client.url).pathname === address.pathname);
  if (there) { await there.focus(); return; }
  // A page with something half written is not led away from it: the place opens beside it.
  await self.clients.openWindow(address.href);
}
