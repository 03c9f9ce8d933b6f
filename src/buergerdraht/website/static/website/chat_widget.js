// A button on a page of the authority, and on a press a frame with our chat. Loads nothing and stores nothing before that press.
const script = document.currentScript;
const page = new URL("./?fenster=1", script.src);
if (script.dataset.sprache) page.searchParams.set("sprache", script.dataset.sprache);
const colour = script.dataset.farbe || "#1d3b8b";

const style = (node, values) => Object.assign(node.style, values);
const button = document.createElement("button");
button.type = "button";
button.textContent = buergerdrahtWords.open;
button.setAttribute("aria-expanded", "false");
style(button, {
  position: "fixed", insetBlockEnd: "1rem", insetInlineEnd: "1rem", zIndex: "2147483000", padding: ".75rem 1.25rem", minHeight: "2.75rem",
  border: "2px solid #fff", borderRadius: "2rem", background: colour, color: "#fff", font: "600 1rem/1.2 system-ui, sans-serif",
  cursor: "pointer", boxShadow: "0 2px 12px rgb(0 0 0 / .3)",
});

let frame = null;
function toggle() {
  if (!frame) {
    frame = document.createElement("iframe");
    frame.src = page.href;
    frame.title = buergerdrahtWords.title;
    frame.referrerPolicy = "no-referrer";
    style(frame, {
      position: "fixed", insetBlockEnd: "4.75rem", insetInlineEnd: "1rem", zIndex: "2147483000", inlineSize: "min(25rem, calc(100vw - 2rem))",
      blockSize: "min(40rem, calc(100dvh - 6.5rem))", border: "1px solid #667", borderRadius: ".75rem", background: "#fff",
      boxShadow: "0 4px 24px rgb(0 0 0 / .3)",
    });
    frame.hidden = true;
    document.body.append(frame);
  }
  const opened = frame.hidden;
  frame.hidden = !opened;
  frame.style.display = opened ? "" : "none";
  button.textContent = opened ? buergerdrahtWords.close : buergerdrahtWords.open;
  button.setAttribute("aria-expanded", String(opened));
  if (opened) frame.focus();
}
button.addEventListener("click", toggle);
addEventListener("message", (event) => { // Escape inside the frame
  if (frame && event.source === frame.contentWindow && event.origin === page.origin && event.data === "buergerdraht:zu" && !frame.hidden) {
    toggle();
    button.focus();
  }
});
const start = () => document.body.append(button);
if (document.body) start(); else addEventListener("DOMContentLoaded", start);
