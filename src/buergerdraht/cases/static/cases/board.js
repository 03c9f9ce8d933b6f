// The board: a card is dragged to a column, or its button pressed; a small dialog asks for the words first. Without this the button leads to a page.
const dialog = document.getElementById("verschieben");
let held = null, missed = false;
const board = () => document.getElementById("tafel");

async function ask(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) { location.assign(address); return; }
  dialog.innerHTML = await answer.text();
  dialog.showModal();
  dialog.querySelector('input[type="radio"]:checked, input[type="radio"]')?.focus();
}

function column(target) {
  return target.closest?.(".caseboard__col");
}

function clear() {
  for (const each of document.querySelectorAll(".is-over, .is-held")) each.classList.remove("is-over", "is-held");
  held = null;
  catchUp();
}

function catchUp() {
  if (missed && !held && !dialog?.open) {
    missed = false;
    board().dispatchEvent(new CustomEvent("refresh"));
  }
}

if (dialog) {
  addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-ask]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      ask(link.href);
    }
    if (event.target.closest?.("#verschieben [data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  addEventListener("dragstart", (event) => {
    held = event.target.closest?.(".casecard[data-move]");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.number);
    held.classList.add("is-held");
  });
  addEventListener("dragover", (event) => {
    const over = column(event.target);
    for (const each of document.querySelectorAll(".is-over")) if (each !== over) each.classList.remove("is-over");
    if (!held || !over || over === column(held)) return;
    event.preventDefault();
    over.classList.add("is-over");
  });
  addEventListener("drop", (event) => {
    const over = column(event.target);
    if (!held || !over || over === column(held)) return;
    event.preventDefault();
    ask(`${held.dataset.move}&nach=${over.dataset.state}`);
    clear();
  });
  addEventListener("dragend", clear);
  dialog.addEventListener("close", catchUp);
}

addEventListener("htmx:beforeRequest", (event) => {
  const kind = event.detail.requestConfig?.triggeringEvent?.type ?? "";
  if (event.target === board() && /^(live|calm):/.test(kind) && (held || dialog?.open)) {
    event.preventDefault();
    missed = true;
  }
});
