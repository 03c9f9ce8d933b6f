// The shell's behaviour: one live connection, the command palette, focus on errors. No framework, no inline script.
import { connect } from "./live.js";

const place = document.body.dataset.live;
if (place) connect(place);

document.querySelector("[data-focus]")?.focus();

const palette = document.getElementById("palette");
if (palette) {
  const field = palette.querySelector("input");
  const rows = () => [...palette.querySelectorAll("[data-commands] li")].filter((row) => !row.hidden);
  let chosen = -1;
  const choose = (index) => {
    const list = rows();
    chosen = list.length ? (index + list.length) % list.length : -1;
    palette.querySelectorAll(".is-on").forEach((link) => link.classList.remove("is-on"));
    if (chosen >= 0) {
      const link = list[chosen].querySelector("a");
      link.classList.add("is-on");
      field.setAttribute("aria-description", link.textContent.trim());
    }
  };
  field.addEventListener("input", () => {
    const words = field.value.trim().toLowerCase();
    for (const row of palette.querySelectorAll("[data-commands] li")) row.hidden = words !== "" && !row.textContent.toLowerCase().includes(words);
    choose(words && rows().length ? 0 : -1);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { choose(chosen + 1); event.preventDefault(); }
    if (event.key === "ArrowUp") { choose(chosen - 1); event.preventDefault(); }
    if (event.key === "Enter" && chosen >= 0) { rows()[chosen].querySelector("a").click(); event.preventDefault(); }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { palette.togglePopover(); event.preventDefault(); }
  });
  palette.addEventListener("toggle", (event) => { if (event.newState === "open") field.focus(); });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    say(button.dataset.copied || "Kopiert");
  });
}

// Say something to people who listen instead of look.
export function say(text) {
  const line = document.getElementById("said");
  if (line) line.textContent = text;
}
