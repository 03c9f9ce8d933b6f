// The list of keys: drawn from the table of commands each time it opens, with the switch for letters.
import { button, everything, FREE, keycaps, lettersOn, register, wordsOf } from "./commands.js";

// Where one goes: the name of its words, its picture, its keys if it has any.
const PLACES = [
  ["today", "today", "g h"], ["inbox", "inbox", "g p"], ["broadcasts", "megaphone", "g r"], ["contacts", "people", "g k"], ["next", "inbox", "w"],
  ["write", "megaphone"], ["channels", "phone"], ["settings", "settings"], ["audit", "shield"], ["profile", "user"],
];

const dialog = document.getElementById("tasten");

if (dialog) {
  const words = wordsOf("befehlsworte"), toggle = dialog.querySelector("[data-letters]");
  register([
    { keys: "?", group: words.general, words: words.help, icon: "help", run: open },
    { keys: "Strg K", group: words.general, words: words.palette, palette: false, run: () => document.getElementById("palette").showPopover() },
    ...PLACES.map(([name, icon, keys]) => (
      { keys, group: words.go, words: words[name], icon, run: () => { location.href = words[`${name}Place`]; }, when: () => Boolean(words[`${name}Place`]) && !(name === "next" && button("next")) }
    )),
  ]);
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(FREE); else localStorage.setItem(FREE, "aus");
    draw();
  });
  document.querySelectorAll("[data-open-keys]").forEach((node) => node.addEventListener("click", open));

  function open() {
    toggle.checked = lettersOn();
    draw();
    dialog.showModal();
  }

  function draw() {
    const groups = new Map();
    for (const each of everything().filter((command) => command.keys)) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
    dialog.querySelector("[data-keys]").replaceChildren(...[...groups].map(([title, commands]) => {
      const part = document.createElement("section"), heading = document.createElement("h3"), list = document.createElement("ul");
      heading.className = "h3";
      heading.textContent = title;
      list.append(...commands.map(line));
      part.append(heading, list);
      return part;
    }));
    dialog.classList.toggle("is-off", !toggle.checked);
  }

  function line(command) {
    const row = document.createElement("li"), said = document.createElement("span");
    said.className = "grow";
    said.textContent = command.words;
    row.append(said, keycaps(command.keys));
    return row;
  }
}
