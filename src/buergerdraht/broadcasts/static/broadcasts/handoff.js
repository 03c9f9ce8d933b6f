// A prepared post leaves for another app: by the system's share sheet with its files where there is one, else by the clipboard.
for (const box of document.querySelectorAll("[data-handoff]")) {
  const text = document.getElementById("post-text")?.value || "";
  const said = document.querySelector("[data-handoff-said]");
  const say = (sentence) => { said.textContent = ""; requestAnimationFrame(() => { said.textContent = sentence; }); };
  const copy = box.querySelector("[data-copy-text]");
  const share = box.querySelector("[data-share]");
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        say(box.dataset.copied);
      } catch {
        const field = document.getElementById("post-text");
        field.focus();
        field.select();
        say(document.execCommand("copy") ? box.dataset.copied : box.dataset.refused);
      }
    });
  }
  if (!share || !navigator.share) continue;
  let files = [];
  // The files are fetched before the press: a share sheet opens only in the moment of a press.
  const ready = Promise.all((box.dataset.files || "").split(" ").filter(Boolean).map(async (address) => {
    const answer = await fetch(address, { credentials: "same-origin" });
    const blob = await answer.blob();
    const ending = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "video/mp4": "mp4" }[blob.type] || "bin";
    return new File([blob], `beitrag.${ending}`, { type: blob.type });
  })).then((found) => { files = found; }).catch(() => { files = []; });
  ready.finally(() => { share.hidden = false; });
  share.addEventListener("click", async () => {
    const all = { text, ...(files.length && navigator.canShare?.({ files }) ? { files } : {}) };
    try {
      if (text) navigator.clipboard?.writeText(text).catch(() => {}); // some apps take the picture and drop the words
      await navigator.share(all);
      say(box.dataset.shared);
    } catch (problem) {
      if (problem.name !== "AbortError") say(box.dataset.refused);
    }
  });
}
