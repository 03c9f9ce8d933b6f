// Pictures in a dialog, voice messages with a player.
import { $ } from "./pieces.js";

// ── Pictures: arrows go on, plus and minus zoom, Escape closes ──
let at = -1;
const box = () => $("#bild");
const pictures = () => [...document.querySelectorAll("#verlauf a[data-picture]")];
const part = (name) => $(`[data-viewer="${name}"]`, box());

function show(index) {
  const all = pictures(), link = all[index];
  if (!link) return;
  at = index;
  const image = $(".viewer__stage img", box());
  image.src = link.href;
  image.alt = link.querySelector("img").alt;
  $("#bild-text").textContent = link.dataset.picture;
  part("place").textContent = all.length > 1 ? `${index + 1} ${part("place").dataset.of} ${all.length}` : "";
  part("file").href = link.href;
  part("file").download = link.dataset.name || "";
  part("back").hidden = index === 0;
  part("on").hidden = index === all.length - 1;
  zoom(false);
}

function zoom(on = !box().classList.contains("is-large")) {
  box().classList.toggle("is-large", on);
  part("zoom").setAttribute("aria-pressed", String(on));
  if (on) $(".viewer__stage", box()).scrollTo({ left: 1e6, top: 0 });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-picture]");
  if (link && box() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(pictures().indexOf(link));
    if (!box().open) box().showModal();
    return;
  }
  if (!event.target.closest("#bild")) return;
  const pressed = event.target.closest("[data-viewer]")?.dataset.viewer;
  if (pressed === "close" || event.target.matches(".viewer__stage")) box().close();
  if (pressed === "back") show(at - 1);
  if (pressed === "on") show(at + 1);
  if (pressed === "zoom" || event.target.matches(".viewer__stage img")) zoom();
});
document.addEventListener("keydown", (event) => {
  if (!box()?.open) return;
  const large = box().classList.contains("is-large");
  if (event.key === "ArrowLeft" && !large) show(at - 1);
  else if (event.key === "ArrowRight" && !large) show(at + 1);
  else if (event.key === "+") zoom(true);
  else if (event.key === "-") zoom(false);
  else { if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation(); return; }
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("close", (event) => {
  if (event.target.id !== "bild") return;
  $(".viewer__stage img", box()).removeAttribute("src");
  pictures()[at]?.focus();
}, true);

// ── Voice ──
const SPEEDS = [1, 1.5, 2];
const clock = (seconds) => Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : "0:00";

function draw(voice) {
  const sound = $("audio", voice), play = $(".voice__play", voice), slider = $(".voice__at", voice), known = Number.isFinite(sound.duration);
  voice.classList.toggle("is-playing", !sound.paused);
  $(".vh", play).textContent = sound.paused ? play.dataset.play : play.dataset.pause;
  if (document.activeElement !== slider || !sound.paused) slider.value = known ? Math.round(1000 * sound.currentTime / sound.duration) : 0;
  const time = clock(sound.paused && sound.currentTime === 0 ? sound.duration : sound.currentTime);
  $(".voice__time", voice).textContent = time;
  slider.setAttribute("aria-valuetext", `${clock(sound.currentTime)} / ${clock(sound.duration)}`);
  slider.style.setProperty("--part", `${slider.value / 10}%`);
}
for (const name of ["loadedmetadata", "durationchange", "timeupdate", "play", "pause", "ended"]) {
  document.addEventListener(name, (event) => {
    const voice = event.target.closest?.("[data-voice]");
    if (voice) draw(voice);
    if (voice && name === "play") for (const other of document.querySelectorAll("[data-voice] audio")) if (other !== event.target) other.pause();
  }, true);
}
document.addEventListener("click", (event) => {
  const voice = event.target.closest("[data-voice]"), sound = voice && $("audio", voice);
  if (!voice) return;
  if (event.target.closest(".voice__play")) { if (sound.paused) sound.play().catch(() => {}); else sound.pause(); }
  if (event.target.closest(".voice__speed")) {
    sound.playbackRate = SPEEDS[(SPEEDS.indexOf(sound.playbackRate) + 1) % SPEEDS.length];
    $("[data-speed]", voice).textContent = `${String(sound.playbackRate).replace(".", document.documentElement.lang === "en" ? "." : ",")}×`;
  }
});
document.addEventListener("input", (event) => {
  const voice = event.target.closest?.("[data-voice]"), sound = voice && $("audio", voice);
  if (sound && Number.isFinite(sound.duration)) { sound.currentTime = sound.duration * event.target.value / 1000; draw(voice); }
});
export function voices() {
  document.querySelectorAll("[data-voice]").forEach((voice) => { if ($("audio", voice).readyState > 0) draw(voice); });
}
