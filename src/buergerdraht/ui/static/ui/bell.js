// The bell: counted live, drawn when it opens or something came while it is open. The count stands in the title and on the app's icon too.
import { say } from "./say.js";

const bell = document.getElementById("glocke");
const SOUND = "bd-ton"; // "an": a soft tone for what is new
let base = document.title, number = Number(bell?.dataset.count ?? 0), urgent = new Set();

export function titled(text) { base = text; paint(); }

function paint() {
  const title = number ? `(${number}) ${base}` : base;
  if (document.title !== title) document.title = title;
  if (navigator.setAppBadge) (number ? navigator.setAppBadge(number) : navigator.clearAppBadge()).catch(() => {});
}

if (bell) {
  const menu = document.getElementById("hinweise"), place = menu.querySelector("[data-notices]"), sound = menu.querySelector("[data-sound]");
  let timer, known = false;

  async function fetched(options) {
    try {
      const answer = await fetch(options?.address ?? bell.dataset.bell, {
        method: options ? "POST" : "GET", body: options?.body, credentials: "same-origin", headers: { "HX-Request": "true" },
      });
      if (answer.ok) take(await answer.text(), Boolean(options));
    } catch { /* offline: `hello` fetches it again */ }
  }

  function take(html, quiet) {
    const held = place.contains(document.activeElement) ? document.activeElement.id : "";
    place.innerHTML = html;
    const piece = place.firstElementChild, count = Number(piece?.dataset.count ?? 0), more = count > number;
    number = count;
    draw(piece?.dataset.said ?? "");
    announce(piece, quiet, more);
    if (held) (document.getElementById(held) ?? menu.querySelector("h2"))?.focus();
  }

  function draw(said) {
    const badge = bell.querySelector(".count"), words = bell.querySelector("[data-said]");
    badge.textContent = number > 99 ? "99+" : number;
    badge.hidden = number === 0;
    words.textContent = said ? `, ${said}` : "";
    paint();
  }

  // A count is not said aloud; what sounds like an emergency is, once.
  function announce(piece, quiet, more) {
    const now = [...(piece?.querySelectorAll("[data-urgent]") ?? [])];
    const fresh = now.filter((line) => !urgent.has(line.id));
    urgent = new Set(now.map((line) => line.id));
    if (known && !quiet && fresh.length) say(fresh[0].querySelector("[data-words]").textContent);
    if (known && !quiet && more && localStorage.getItem(SOUND) === "an") tone();
    known = true;
  }

  const later = () => { clearTimeout(timer); timer = setTimeout(fetched, 250); };
  addEventListener("live:notice", later);
  addEventListener("live:hello", later);
  menu.addEventListener("toggle", ({ newState }) => {
    bell.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") fetched();
  });
  menu.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-bell-seen]")) return;
    event.preventDefault();
    fetched({ address: event.target.action, body: new FormData(event.target) });
  });
  sound.checked = localStorage.getItem(SOUND) === "an";
  sound.addEventListener("change", () => {
    if (sound.checked) { localStorage.setItem(SOUND, "an"); tone(); } else localStorage.removeItem(SOUND);
  });
  known = number === 0; // what was there before the page is not new
  paint();
}

// Two soft notes, made here: no file to fetch, nothing that startles.
function tone() {
  try {
    const context = new AudioContext(), volume = context.createGain();
    volume.connect(context.destination);
    [[660, 0], [880, 0.14]].forEach(([pitch, at]) => {
      const note = context.createOscillator();
      note.frequency.value = pitch;
      note.connect(volume);
      note.start(context.currentTime + at);
      note.stop(context.currentTime + at + 0.28);
    });
    volume.gain.setValueAtTime(0.0001, context.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.06, context.currentTime + 0.04);
    volume.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + 0.45);
    setTimeout(() => context.close(), 800);
  } catch { /* a browser that lets no page sound without a click */ }
}
