// Small helps on the page of a case: proposals go into the field, only those that fit the chosen state are offered, and the page prints itself.
function ready(form) {
  if (form.dataset.ready) return;
  form.dataset.ready = "1";
  const words = form.elements.words;
  for (const button of form.querySelectorAll("[data-words]")) {
    button.type = "button"; // without a script the server fills the field
    button.addEventListener("click", () => {
      words.value = button.dataset.words;
      words.focus();
      words.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  const state = form.elements.state;
  const fit = () => form.querySelectorAll("[data-for]").forEach((group) => { group.hidden = group.dataset.for !== state.value; });
  if (state) { state.addEventListener("change", fit); fit(); }
}
const all = () => document.querySelectorAll("[data-say]").forEach(ready);
addEventListener("htmx:load", all); // pieces that came in anew
all();

// What was done is said where one is then, not above the fold: the page comes back at the panel it was done in.
function tell() {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  const told = [...document.querySelectorAll(".main__in > .flash")];
  if (!place || !told.length) return;
  place.before(...told);
  told[0].tabIndex = -1;
  told[0].focus({ preventScroll: true });
  told[0].scrollIntoView({ block: "center" });
}
if (document.readyState === "complete") tell(); else addEventListener("load", () => setTimeout(tell, 50)); // after the browser's own going there

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

const ask = document.querySelector("[data-ask]"); // another category asks other questions
if (ask) document.getElementById("id_category")?.addEventListener("change", () => ask.click());
