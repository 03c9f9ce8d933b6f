// What a device keeps of its own: the last messages, and its subscription, so that a changed one can be told. Used by page and worker.
(() => {
  const MOST = 50;
  const open = (slug) => new Promise((done, failed) => {
    const asked = indexedDB.open(`buergerdraht-push-${slug}`, 1);
    asked.onupgradeneeded = () => { asked.result.createObjectStore("messages", { keyPath: "tag" }); asked.result.createObjectStore("own"); };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const done = (request) => new Promise((good, bad) => { request.onsuccess = () => good(request.result); request.onerror = () => bad(request.error); });
  async function within(slug, name, mode, work) {
    const base = await open(slug);
    try { return await work(base.transaction(name, mode).objectStore(name)); } finally { base.close(); }
  }
  self.pushStore = {
    keep: (slug, message) => within(slug, "messages", "readwrite", async (store) => {
      await done(store.put(message));
      const all = (await done(store.getAll())).sort((one, other) => other.at - one.at);
      for (const old of all.slice(MOST)) store.delete(old.tag);
    }),
    all: async (slug) => (await within(slug, "messages", "readonly", (store) => done(store.getAll()))).sort((one, other) => other.at - one.at),
    empty: (slug) => within(slug, "messages", "readwrite", (store) => done(store.clear())),
    own: (slug) => within(slug, "own", "readonly", (store) => done(store.get("subscription"))),
    setOwn: (slug, value) => within(slug, "own", "readwrite", (store) => done(value ? store.put(value, "subscription") : store.delete("subscription"))),
  };
})();
