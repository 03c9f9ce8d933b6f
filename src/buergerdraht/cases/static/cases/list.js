// Choosing several cases: how many are chosen, all of a page at once. While something is chosen the list is not drawn anew under one's hands.
const many = document.getElementById("mehrere");
const list = () => document.getElementById("anliegen");
const boxes = () => [...(list()?.querySelectorAll('input[name="nummer"]') ?? [])];
const chosen = () => boxes().filter((box) => box.checked).length;
let missed = false;

function count() {
  const number = chosen(), all = list()?.querySelector("[data-all]");
  if (all) {
    all.hidden = false;
    const box = all.querySelector("input");
    box.checked = number > 0 && number === boxes().length;
    box.indeterminate = number > 0 && number < boxes().length;
  }
  if (many) {
    const line = many.querySelector("[data-chosen]");
    line.dataset.none ??= line.textContent;
    line.textContent = number === 0 ? line.dataset.none : number === 1 ? line.dataset.one : line.dataset.many.replace("{n}", number);
    many.classList.toggle("is-chosen", number > 0);
  }
  if (number === 0 && missed) {
    missed = false;
    list().dispatchEvent(new CustomEvent("refresh"));
  }
}

addEventListener("change", ({ target }) => {
  if (target.closest?.("[data-all]")) for (const box of boxes()) box.checked = target.checked;
  if (target.closest?.("#anliegen")) count();
});

addEventListener("htmx:beforeRequest", (event) => {
  const kind = event.detail.requestConfig?.triggeringEvent?.type ?? "";
  if (event.target === list() && /^(live|calm):/.test(kind) && chosen() > 0) {
    event.preventDefault();
    missed = true;
  }
});

// Filters changed: what is kept, exported or changed is what is seen now.
addEventListener("htmx:afterSettle", () => {
  const query = location.search.replace(/^\?/, "").replace(/&?zeigen=\d+/, "");
  for (const chip of document.querySelectorAll(".caseviews a.chip")) {
    if (chip.search.slice(1) === query) chip.setAttribute("aria-current", "true"); else chip.removeAttribute("aria-current");
  }
  for (const field of document.querySelectorAll('#mehrere [name="query"], [data-keep] [name="query"]')) field.value = query;
  count();
});
count();
