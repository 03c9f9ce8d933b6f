// Who is here: the page says so while it is visible, and shows who else has the same thread before their eyes.
import { $, here, later, pane } from "./pieces.js";

const EVERY = 30000;
let shown = null;

const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";

async function beat(thread = pane()?.dataset.conversation ?? "", keepalive = false) {
  const address = $("[data-present]")?.dataset.present;
  if (!address) return;
  shown = thread;
  try {
    const body = new URLSearchParams({ unterhaltung: thread });
    const answer = await fetch(address, { method: "POST", body, keepalive, credentials: "same-origin", headers: { "HX-Request": "true", "X-CSRFToken": token() } });
    if (!answer.ok || thread !== pane()?.dataset.conversation) return;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    const node = box.content.querySelector("#anwesende"), old = $("#anwesende");
    if (node && old && node.textContent !== old.textContent) old.replaceWith(node);
  } catch { /* offline: the next beat tells */ }
}

const soon = later(() => { if (document.visibilityState === "visible") beat(); }, 150);

setInterval(() => { if (document.visibilityState === "visible") beat(); }, EVERY);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") soon();
  else beat("", true);
});
document.addEventListener("htmx:afterSettle", () => { if ((pane()?.dataset.conversation ?? "") !== shown) soon(); });
addEventListener("live:presence", ({ detail }) => { if (here(detail)) soon(); });
addEventListener("live:hello", soon);
soon();
