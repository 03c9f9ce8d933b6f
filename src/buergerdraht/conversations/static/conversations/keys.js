// The inbox by keyboard. Keys press the same buttons as the mouse: those that carry data-key. A command whose button is not there does not exist.
import { button, folded, press, register, shown, wordsOf } from "../ui/commands.js";
import { $, pane } from "./pieces.js";
import { toThread } from "./focus.js";

const words = wordsOf("tastenworte");

// ── The list: moving does not open, because opening is reading, and reading is logged ──
const rows = () => [...document.querySelectorAll("#liste a.conv")].filter(shown);
const current = () => document.activeElement?.closest?.("#liste a.conv") ?? $("#liste a.conv[aria-current]");
function move(by) {
  const all = rows(), at = all.indexOf(current());
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

// ── The reply field ──
const kind = (value) => $(`#antwortfeld [name="art"][value="${value}"]`);
function write(value) {
  const choice = kind(value);
  if (choice && !choice.checked) choice.click();
  const field = $("#antwort") ?? $("#antwortfeld :is(textarea, select, input:not([type=hidden]))");
  field?.focus();
}
const able = (value) => shown(pane()) && (kind(value) ? !kind(value).disabled : value === "antwort" && Boolean($("#antwortfeld form")));

// ── The table ──
const presses = (keys, name, group, icon, find = folded) => (
  { keys, group: words[group], words: words[name], icon, run: () => press(find(name)), when: () => Boolean(find(name)) }
);
const view = (letter, name) => {
  const link = () => $(`#liste a[data-view="${name}"]`);
  return {
    keys: `g ${letter}`, group: words.views, icon: "filter", when: () => Boolean(link()) && shown($("#liste")), run: () => link().click(),
    get words() { return ($(".grow", link()) ?? link().firstChild).textContent.trim(); },
  };
};

register([
  { keys: "j", group: words.list, words: words.down, palette: false, repeats: true, run: () => move(1), when: () => rows().length > 0 },
  { keys: "k", group: words.list, words: words.up, palette: false, repeats: true, run: () => move(-1), when: () => rows().length > 0 },
  { keys: "Enter", group: words.list, words: words.open, palette: false, run: () => current()?.click(), when: () => rows().length > 0 },
  { keys: "/", group: words.list, words: words.search, icon: "search", run: () => $("#suche").focus(), when: () => shown($("#suche")) },
  presses("w", "next", "list", "right"),
  { keys: "r", group: words.write, words: words.reply, icon: "reply", run: () => write("antwort"), when: () => able("antwort") },
  { keys: "n", group: words.write, words: words.note, icon: "note", run: () => write("notiz"), when: () => able("notiz") },
  { keys: "Strg Enter", group: words.write, words: words.send, icon: "send", run: () => $("#antwortform")?.requestSubmit(), when: () => shown($("#antwortform .sendbtn")) },
  presses("u", "undo", "write", "redo", button),
  presses("t", "take", "thread", "check"),
  presses("a", "assign", "thread", "swap"),
  presses("l", "label", "thread", "note"),
  presses("s", "snooze", "thread", "clock"),
  presses("e", "done", "thread", "check"),
  presses("e", "reopen", "thread", "redo"),
  presses("o", "more", "thread", "more", button),
  presses("i", "side", "thread", "user", button),
  { keys: "Esc", group: words.thread, words: words.leave, palette: false, run: leave, when: () => shown(pane()) },
  ...[["m", "meine"], ["t", "team"], ["n", "neu"], ["w", "wartet"], ["s", "zurueckgestellt"], ["a", "alle"], ["e", "erledigt"], ["b", "beiseite"]].map(([letter, name]) => view(letter, name)),
]);

// From the field to the thread, from the thread to its row; on a phone back to the list.
function leave() {
  const here = document.activeElement;
  if (here?.closest?.("#antwortfeld")) { toThread(); return; }
  const back = button("back");
  if (back) { back.click(); return; }
  if (here?.id === "suche") here.blur();
  (shown(current()) ? current() : rows()[0])?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#antwortfeld form")) {
    event.preventDefault();
    const submit = event.target.form?.querySelector('[type="submit"]');
    if (shown(submit)) event.target.form.requestSubmit();
  }
  if (event.key === "Escape" && !document.querySelector("dialog[open], [popover]:popover-open") && (pane() || event.target.id === "suche")) {
    event.preventDefault();
    leave();
  }
  const list = event.target.closest?.("#liste a.conv");
  if (list && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); move(event.key === "ArrowDown" ? 1 : -1); }
});
