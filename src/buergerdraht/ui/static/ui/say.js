// Say something to people who listen instead of look: politely, and again even where it is the same sentence.
let timer;
export function say(text) {
  const line = document.getElementById("said");
  if (!line || !text) return;
  line.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(() => { line.textContent = text; }, 80);
}
