// Every command of a page in one table: its key, its words, what it does. Keys, the palette and the list of keys all read it,
// so none of them can be out of date.
const table = [];
const WAIT = 1200; // ms for the second letter of two

export const FREE = "bd-tasten"; // "aus": letters alone do nothing (WCAG 2.1.4)
export const lettersOn = () => localStorage.getItem(FREE) !== "aus";

// A command: { keys, group, words, icon, run, when, repeats, palette }. `keys` is one letter or two ("g h"); without `when` it is always
// there; with `palette: false` it only makes sense as a key.
export function register(commands) { table.push(...commands); }
export const everything = () => table.filter((each) => (!each.when || each.when()) && each.words);

// Words stand in the page, because the page knows the language.
export const wordsOf = (id) => ({ ...(document.getElementById(id)?.dataset ?? {}) });

export const shown = (node) => Boolean(node?.isConnected && !node.disabled && node.checkVisibility({ visibilityProperty: true }));
export const button = (name) => [...document.querySelectorAll(`[data-key="${name}"]`)].find(shown);
// A narrow page folds buttons away into a menu; their keys work on.
export const folded = (name) => button(name) ?? [...document.querySelectorAll(`[data-key="${name}"]:not(:disabled)`)].find((node) => shown(node.closest("section")));

// Do what a click does; where that opens something, go into it.
export function press(node) {
  node.click();
  const opened = node.getAttribute("popovertarget");
  if (opened) document.getElementById(opened)?.querySelector("input:not([type=hidden]), select, textarea, button, a[href]")?.focus();
}

const typing = (node) => node.closest?.("textarea, select, [contenteditable]")
  || (node.closest?.("input") && !/^(checkbox|radio|button|submit|reset|file|range)$/.test(node.type));

let first = "", timer;
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length !== 1 || typing(event.target) || document.querySelector("dialog[open]") || !lettersOn()) return;
  const wanted = first ? `${first} ${event.key}` : event.key;
  const found = everything();
  const command = found.find((each) => each.keys === wanted) ?? (first ? found.find((each) => each.keys === event.key) : null);
  first = "";
  clearTimeout(timer);
  if (command && (!event.repeat || command.repeats)) { event.preventDefault(); command.run(); return; }
  if (found.some((each) => each.keys?.startsWith(`${event.key} `))) {
    first = event.key;
    timer = setTimeout(() => { first = ""; }, WAIT);
  }
});

export function keycaps(keys) {
  const box = document.createElement("span");
  box.className = "keycaps nowrap";
  (keys ?? "").split(" ").filter(Boolean).forEach((key) => {
    const cap = document.createElement("kbd");
    cap.textContent = key === "Strg" && document.documentElement.lang === "en" ? "Ctrl" : key;
    box.append(cap, " ");
  });
  return box;
}
