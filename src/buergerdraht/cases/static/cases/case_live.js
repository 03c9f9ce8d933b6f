// The page of a case, live: what a colleague or a citizen changes comes in at once. What somebody is in, or has begun to write, stays.
import { say } from "../ui/say.js";

const page = () => document.querySelector("[data-case]");
const SOON = 300; // ms: a verb tells of several things at once
const came = new Map(); // piece -> how it came from the server last: scripts and hands change what stands there
let timer = null, owed = false, told = false;

const index = (field) => Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
function written(field) {
  if (field.type === "hidden") return false;
  if (field.tagName === "SELECT") return field.selectedIndex !== index(field);
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}
const kept = (piece) => !piece.id || piece.hasAttribute("data-keep");
const busy = (piece) => piece.contains(document.activeElement) || [...piece.querySelectorAll("input, select, textarea")].some(written);
const text = (piece) => piece.outerHTML.replaceAll(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");

function put(old, fresh) {
  fresh.querySelectorAll("details").forEach((each, place) => { each.open ||= old.querySelectorAll("details")[place]?.open ?? false; });
  const maps = [...old.querySelectorAll("[data-map]")];
  old.replaceWith(fresh);
  for (const box of fresh.querySelectorAll("[data-map]")) box.replaceWith(maps.find((map) => same(map, box)) ?? box); // one that shows this place stays as it is
  alive(fresh);
}
const same = (map, box) => Object.entries(box.dataset).every(([name, value]) => map.dataset[name] === value);

// What came in is made to work as what came with the page: by htmx, and by whoever listens for new pieces.
function alive(piece) {
  window.htmx?.process(piece);
  window.htmx?.trigger(piece, "htmx:load");
}

// Brings the pieces of one column to where they are now: those that changed anew, those that came or went, too. Says whether any did.
function merge(column, fresh) {
  const now = [...fresh.children], names = new Set(now.map((piece) => piece.id));
  let changed = false, place = column.firstElementChild;
  for (const old of [...column.children]) {
    if (kept(old) || names.has(old.id) || busy(old)) continue;
    if (place === old) place = old.nextElementSibling;
    old.remove();
    changed = true;
  }
  for (const piece of now.filter((each) => each.id)) {
    const old = document.getElementById(piece.id), looks = text(piece);
    if (!old) {
      came.set(piece.id, looks);
      column.insertBefore(piece, place);
      alive(piece);
      changed = true;
      continue;
    }
    place = old.nextElementSibling;
    if (kept(old) || came.get(piece.id) === looks) continue;
    if (busy(old)) { owed = true; continue; }
    came.set(piece.id, looks);
    put(old, piece);
    changed = true;
  }
  return changed;
}

async function anew() {
  let answer;
  try { answer = await fetch(location.pathname, { headers: { "HX-Request": "true" }, credentials: "same-origin" }); } catch { answer = null; }
  if (answer?.status === 404) return location.reload(); // no longer ours to see
  if (!answer?.ok) return dispatchEvent(new Event("live:missed"));
  const box = document.createElement("template");
  box.innerHTML = await answer.text();
  owed = false;
  let changed = false;
  for (const column of document.querySelectorAll("[data-live-column]")) {
    changed = merge(column, box.content.querySelector(`[data-live-column="${column.dataset.liveColumn}"]`)) || changed;
  }
  if (changed && told) say(page().dataset.said);
  told = false;
}

function soon() { clearTimeout(timer); timer = setTimeout(anew, SOON); }

addEventListener("live:case", ({ detail }) => { if (String(detail?.case) === page()?.dataset.case) { told = true; soon(); } });
addEventListener("live:hello", () => { if (page()) soon(); });
addEventListener("focusout", () => { if (owed) soon(); });
