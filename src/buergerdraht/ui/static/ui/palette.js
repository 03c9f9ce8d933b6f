// The command palette: commands of this page, threads and contacts, by keyboard alone. Words go by POST: names stand in no address.
import { everything, keycaps } from "./commands.js";

const palette = document.getElementById("palette");
const WAIT = 180; // ms of silence before asking the server
let asked = 0, timer;

if (palette) {
  const field = palette.querySelector("[role=combobox]"), list = palette.querySelector("[role=listbox]");
  const ours = list.querySelector("[data-commands]"), theirs = list.querySelector("[data-finds]"), count = palette.querySelector("[role=status]");
  const options = () => [...list.querySelectorAll("[role=option]")].filter((row) => row.checkVisibility());
  let commands = [], from = null;

  const choose = (row) => {
    list.querySelectorAll('[aria-selected="true"]').forEach((old) => old.setAttribute("aria-selected", "false"));
    row?.setAttribute("aria-selected", "true");
    if (row) { field.setAttribute("aria-activedescendant", row.id); row.scrollIntoView({ block: "nearest" }); } else field.removeAttribute("aria-activedescendant");
  };
  const chosen = () => list.querySelector('[role=option][aria-selected="true"]');
  const step = (by) => {
    const rows = options();
    if (!rows.length) return;
    const at = rows.indexOf(chosen());
    choose(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : (at + by + rows.length) % rows.length]);
  };

  function fits(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    list.querySelectorAll("[role=option]").forEach((row) => { row.hidden = !wanted.every((word) => row.textContent.toLowerCase().includes(word)); });
    list.querySelectorAll("[role=group]").forEach((group) => { group.hidden = !group.querySelector("[role=option]:not([hidden])"); });
  }

  function offer() {
    commands = everything().filter((each) => each.palette !== false);
    const rows = commands.map((command, index) => {
      const row = document.createElement("div"), said = document.createElement("span");
      row.id = `p-b${index}`;
      row.className = "palette__row";
      row.dataset.command = index;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      said.className = "grow";
      said.textContent = command.words;
      const group = document.createElement("span");
      group.className = "small muted hide-phone";
      group.textContent = command.group;
      row.append(picture(command.icon ?? "right"), said, group, keycaps(command.keys));
      return row;
    });
    ours.querySelectorAll("[role=option]").forEach((row) => row.remove());
    ours.append(...rows);
  }

  function picture(name) {
    const NS = "http://www.w3.org/2000/svg", svg = document.createElementNS(NS, "svg"), use = document.createElementNS(NS, "use");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${palette.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  async function ask() {
    const mine = ++asked, words = field.value.trim();
    if (!palette.dataset.find) return;
    const form = new FormData(palette.querySelector("form"));
    try {
      const answer = await fetch(palette.dataset.find, { method: "POST", body: form, credentials: "same-origin" });
      if (!answer.ok || mine !== asked) return;
      theirs.innerHTML = await answer.text();
    } catch { return; /* offline: the commands are there all the same */ }
    if (words && !chosen()) choose(options()[0]);
    say(words);
  }

  function say(words) {
    const found = options().length;
    count.textContent = words ? (found ? `${found} ${found === 1 ? count.dataset.one : count.dataset.many}` : count.dataset.none) : "";
    count.classList.toggle("vh", !words || found > 0);
  }

  function run(row) {
    const command = commands[row.dataset.command];
    if (row.dataset.href) { location.href = row.dataset.href; return; }
    palette.hidePopover();
    from?.focus();
    command?.run();
  }

  field.addEventListener("input", () => {
    fits(field.value);
    choose(field.value.trim() ? options()[0] : null);
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter") { if (chosen()) run(chosen()); } else return;
    event.preventDefault();
  });
  list.addEventListener("click", ({ target }) => { const row = target.closest("[role=option]"); if (row) run(row); });
  palette.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") { palette.togglePopover(); event.preventDefault(); }
  });
  palette.addEventListener("beforetoggle", ({ newState }) => {
    if (newState !== "open") return;
    from = document.activeElement;
    field.value = "";
    offer();
    fits("");
    choose(null);
    ask();
  });
  palette.addEventListener("toggle", ({ newState }) => { if (newState === "open") field.focus(); });
}
