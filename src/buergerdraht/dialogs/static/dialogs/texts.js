// What the server refuses it says in words, beside the text it is about; the text itself stays.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const cell = event.target.closest?.("td");
  if (cell && event.detail.successful) cell.classList.toggle("is-missing", !cell.querySelector("textarea[name=text]").value.trim());
});
