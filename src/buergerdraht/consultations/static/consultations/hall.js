// While somebody writes a reason the queue is not drawn anew under their hands; afterwards it catches up.
const line = document.querySelector("[data-line]");
if (line) {
  const busy = () => line.querySelector("details[open]") !== null;
  let missed = false;
  line.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === line && busy()) {
      event.preventDefault();
      missed = true;
    }
  });
  line.addEventListener("toggle", () => {
    if (missed && !busy()) {
      missed = false;
      line.dispatchEvent(new CustomEvent("refresh"));
    }
  }, true);
}
