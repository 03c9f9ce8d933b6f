// Setting cases up: categories can be dragged into order, and a question shows its options only where it asks for a choice.
// Without this script the buttons "up" and "down" do the same, and the options are always shown.

const order = document.querySelector("[data-order]");

async function keep() {
  const answer = await fetch(order.action || location.href, {
    method: "POST", body: new FormData(order), headers: { "X-Requested-With": "fetch" },
  });
  const said = order.querySelector("[data-said]");
  said.textContent = answer.ok ? said.dataset.kept : said.dataset.failed;
  if (!answer.ok) location.reload();
}

// The first row of a group has nothing above it, the last nothing below.
function ends(list) {
  const rows = [...list.querySelectorAll("[data-row]")];
  rows.forEach((row, place) => {
    const [up, down] = row.querySelectorAll("button[name=move]");
    up.disabled = place === 0;
    down.disabled = place === rows.length - 1;
  });
}

function drag(list) {
  let held = null;
  let moved = false;
  for (const row of list.querySelectorAll("[data-row]")) {
    row.draggable = true;
    row.addEventListener("dragstart", (event) => {
      held = row;
      moved = false;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
      row.classList.add("is-dragged");
    });
    row.addEventListener("dragover", (event) => {
      if (!held) return;
      event.preventDefault();
      if (row === held) return;
      const box = row.getBoundingClientRect();
      row[event.clientY < box.top + box.height / 2 ? "before" : "after"](held);
      moved = true;
    });
    row.addEventListener("dragend", () => {
      row.classList.remove("is-dragged");
      held = null;
      if (!moved) return;
      ends(list);
      keep();
    });
  }
}

if (order) for (const list of order.querySelectorAll("[data-list]")) drag(list);

for (const want of document.querySelectorAll("[data-want]")) {
  const options = want.closest("fieldset").querySelector("[data-options]");
  const show = () => { options.hidden = want.value !== "choice"; };
  want.addEventListener("change", show);
  show();
}
