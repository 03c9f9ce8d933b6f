// The list: what the operator asks for, and what happens meanwhile. A row that changed comes drawn from the server; where it belongs
// is decided here by the rules of listing.py, so that nothing is fetched. After a gap the list fetches itself anew and keeps its place.
import { $, here, later, missed } from "./pieces.js";
import { belongs, compare, now, read } from "./order.js";

const list = () => $("#liste");
const rows = () => [...document.querySelectorAll("#zeilen .conv")];
const TICK = 20000;
let turn = 0; // what was asked for last; an answer to something earlier is old
let asked = {};
let meanwhile = null; // what was told while the list was being fetched: the answer may be older

// ── Asking ──

async function fetchList(more = {}) {
  const form = $("#filter");
  if (!form) return null;
  const wish = new FormData(form), mine = more.ab ? turn : ++turn;
  for (const [name, value] of Object.entries(more)) wish.set(name, value);
  meanwhile = more.ab ? meanwhile : [];
  try {
    const answer = await fetch(form.dataset.list, { method: "POST", body: new URLSearchParams(wish), headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (mine !== turn) return null;
    if (!answer.ok) return missed();
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    return box.content;
  } catch { return missed(); }
}

async function ask() {
  const content = await fetchList(), fresh = content && $("#liste", content);
  if (!fresh) return;
  list().replaceWith(fresh);
  ready();
  makeUp();
}

function makeUp() {
  const told = meanwhile ?? [];
  meanwhile = null;
  told.forEach((each) => each());
}

function heard(job) { meanwhile?.push(job); job(); }

async function anew() {
  // the same rows stay the same elements: focus, scrolling and pointers do not notice
  const content = await fetchList({ bis: Math.max(50, Math.min(1000, rows().length)) }), fresh = content && $("#liste", content);
  if (!fresh) return;
  const old = $("#zeilen"), next = $("#zeilen", fresh), tabs = $(".list__tabs", fresh);
  if (!old || !next || !tabs !== !$(".list__tabs") || $("#weitere:popover-open")) {
    if ($("#weitere:popover-open")) return;
    list().replaceWith(fresh);
    ready();
    makeUp();
    return;
  }
  const focused = document.activeElement?.closest?.(".conv")?.id;
  const known = new Map([...old.children].map((item) => [$(".conv", item)?.id ?? "more", item]));
  let place = old.firstElementChild;
  for (const item of [...next.children]) {
    const row = $(".conv", item), key = row?.id ?? "more", twin = known.get(key), mine = row && twin ? twin : item;
    if (row && twin) morph($(".conv", twin), row);
    if (mine === twin) known.delete(key);
    if (mine === place) place = place.nextElementSibling; else old.insertBefore(mine, place);
  }
  known.forEach((item) => item.remove());
  for (const part of [".list__tabs", "#weitere", "#gefragt"]) if ($(part, fresh)) $(part).replaceWith($(part, fresh));
  ready();
  makeUp();
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

export const redrawList = later(anew, 400);

async function loadMore(button) {
  if (button.disabled) return;
  button.disabled = true;
  const content = await fetchList({ ab: rows().length }), item = button.closest("li");
  if (!content || !item.isConnected) { button.disabled = false; return; }
  for (const fresh of [...content.children]) {
    const row = $(".conv", fresh);
    if (row && document.getElementById(row.id)) continue;
    item.before(fresh);
    window.htmx?.process(fresh);
  }
  item.remove();
  ready();
}

// ── What happens meanwhile ──

function morph(old, fresh) {
  const current = old.getAttribute("aria-current");
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "aria-current") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.innerHTML !== fresh.innerHTML) old.innerHTML = fresh.innerHTML;
  if (current) old.setAttribute("aria-current", current);
}

function take(number, html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  const fresh = box.content.firstElementChild, old = document.getElementById(`u-${number}`);
  if (!fresh) return;
  if (asked.query) { if (old) update(old, fresh); return; }
  if (!belongs(fresh.dataset, asked)) { drop(number); return; }
  if (!$("#zeilen")) { redrawList(); return; }
  put(fresh, old);
}

function update(old, fresh) {
  // found by a search: the piece of text that was found stays
  const text = $(".conv__text", old).innerHTML;
  $(".conv__text", fresh).innerHTML = text;
  for (const name of ["href", "hx-get", "data-hit"]) if (old.hasAttribute(name)) fresh.setAttribute(name, old.getAttribute(name));
  morph(old, fresh);
  own(old);
}

function put(fresh, old) {
  const late = rows().find((row) => row !== old && compare(fresh.dataset, row.dataset, asked.view) < 0), more = $("#zeilen .inbox__more");
  if (!late && more) { old?.closest("li").remove(); return; } // further down than what is loaded
  const item = old?.closest("li") ?? document.createElement("li"), before = late?.closest("li") ?? null;
  if (old) morph(old, fresh); else item.append(fresh);
  const focused = old && document.activeElement === old;
  if (item.nextElementSibling !== before || !item.isConnected) $("#zeilen").insertBefore(item, before);
  if (!old) window.htmx?.process(item);
  if (focused && document.activeElement !== old) old.focus({ preventScroll: true });
  own($(".conv", item));
}

function drop(number) {
  const row = document.getElementById(`u-${number}`);
  if (!row) return;
  const item = row.closest("li"), next = $(".conv", item.nextElementSibling ?? document.createElement("li"));
  if (document.activeElement === row) (next ?? $("#liste .pane__scroll"))?.focus({ preventScroll: true });
  item.remove();
  if (!rows().length) redrawList();
}

function count(values) {
  document.querySelectorAll("#liste [data-count]").forEach((each) => {
    const value = values[each.dataset.count];
    if (value !== undefined && each.textContent !== String(value)) each.textContent = value;
  });
}

for (const topic of ["conversation", "draft"]) {
  addEventListener(`live:${topic}`, ({ detail }) => { if (detail?.row && list()) heard(() => take(detail.conversation, detail.row)); });
}
addEventListener("live:gone", ({ detail }) => {
  heard(() => drop(detail.conversation));
  if (here(detail)) location.replace($("#filter").getAttribute("action"));
});
addEventListener("live:counts", ({ detail }) => heard(() => count(detail)));

// ── What passes by the clock ──

const unit = (name) => new Intl.NumberFormat(document.documentElement.lang || "de", { style: "unit", unit: name, unitDisplay: "short" });

function waits(micros) {
  const minutes = Math.max(1, Math.floor((now() - micros) / 60e6)), whole = Math.floor(minutes / 60);
  if (whole >= 48) return "";
  return [whole ? unit("hour").format(whole) : "", minutes % 60 || !whole ? unit("minute").format(minutes % 60) : ""].filter(Boolean).join(" ");
}

function tick() {
  let old = false;
  for (const row of rows()) {
    const due = Number(row.dataset.due), since = $("[data-since]", row), text = since && waits(Number(row.dataset.waiting));
    row.classList.toggle("is-late", Boolean(due) && row.dataset.state === "open" && due <= now());
    if (text) since.textContent = asked.words.waits.replace("%(time)s", text);
    const writes = $(".conv__writes", row);
    if (writes && Date.parse(writes.dataset.until) * 1000 < now()) writes.remove();
    old ||= !asked.query && !belongs(row.dataset, asked);
  }
  if (old) redrawList();
}
setInterval(tick, TICK);

// ── The page ──

function own(row) {
  row.closest("li").classList.toggle("is-mine", row.dataset.operator === String(asked.me));
  const writes = $(".conv__writes", row);
  if (writes) writes.hidden = writes.dataset.who === String(asked.me);
  if ($("#offen")?.value === row.dataset.number) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
}

const near = new IntersectionObserver((seen) => seen.filter((each) => each.isIntersecting).forEach((each) => loadMore(each.target)));

function ready() {
  if (!list()) return;
  asked = read($("#gefragt"));
  window.htmx?.process(list());
  rows().forEach(own);
  near.disconnect();
  const more = $("#zeilen [data-more]");
  if (more) near.observe(more);
  const badge = $("#filterzahl"), active = list().dataset.filters ?? "0";
  if (badge) { badge.firstChild.textContent = active; badge.hidden = active === "0"; }
}

export function choose(number) {
  const chosen = String(number ?? "");
  if ($("#offen")) $("#offen").value = chosen;
  rows().forEach(own);
  const desk = $(".desk");
  desk?.classList.toggle("desk--thread", Boolean(chosen));
  desk?.classList.toggle("desk--list", !chosen);
  headline(chosen ? "h2" : "h1");
}

// A page has one heading of the first order: the thread's name, where one is open.
function headline(tag) {
  const old = $("#posteingang");
  if (!old || old.localName === tag) return;
  const fresh = document.createElement(tag);
  fresh.id = old.id; fresh.className = old.className;
  fresh.append(...old.childNodes);
  old.replaceWith(fresh);
}

export function step(by) {
  const all = rows(), at = all.findIndex((row) => row.getAttribute("aria-current"));
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  if (next) { next.focus(); next.click(); }
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("a[data-view]"), more = event.target.closest("[data-more]");
  if (more) loadMore(more);
  if (event.target.closest("[data-unfilter]")) {
    document.querySelectorAll("#filterfeld select").forEach((each) => { each.value = ""; });
    document.querySelectorAll("#filterfeld [type=checkbox]").forEach((each) => { each.checked = false; });
    ask();
  }
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  $("#ansicht").value = tab.dataset.view;
  if ($("#weitere:popover-open")) $("#weitere").hidePopover();
  ask();
});

const searched = later(ask, 300);
document.addEventListener("input", (event) => { if (event.target.id === "suche") searched(); });
document.addEventListener("change", (event) => { if (event.target.closest("#filterfeld") && event.target.id !== "sichtname") ask(); });
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filter" || (event.submitter?.hasAttribute("formaction") && $("#sichtname").value.trim())) return;
  event.preventDefault();
  if (event.submitter?.hasAttribute("formaction")) $("#sichtname").focus(); else ask();
});
document.addEventListener("beforetoggle", (event) => {
  const box = event.target, opens = box.hasAttribute?.("data-under") && event.newState === "open";
  if (!opens) return;
  // its own button, or, where that is folded away, the menu's
  const own = [...document.querySelectorAll(`[popovertarget="${box.id}"]`)].find((each) => each.checkVisibility() && !each.closest("[popover]"));
  const { bottom, right } = (own ?? $('[popovertarget="mehr"]')).getBoundingClientRect();
  const wide = Math.min(parseFloat(getComputedStyle(box).inlineSize) || 336, innerWidth - 16);
  box.style.inset = `${bottom + 4}px auto auto ${Math.max(8, Math.min(right - wide, innerWidth - wide - 8))}px`;
}, true);

// A message that was searched for is shown where it stands
function find(address) {
  const number = new URL(address, location.href).searchParams.get("nachricht"), bubble = number && document.getElementById(`m-${number}`);
  if (!bubble) return;
  bubble.classList.add("is-found");
  bubble.scrollIntoView({ block: "center" });
}
document.addEventListener("htmx:afterSettle", ({ detail }) => { if (detail.target?.id === "unterhaltung") find(detail.pathInfo?.requestPath ?? location.href); });
addEventListener("load", () => find(location.href));

ready();
addEventListener("DOMContentLoaded", ready);
