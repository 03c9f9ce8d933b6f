// Draws what is to be covered onto the picture. The number fields below hold the truth; rectangles only show them and are moved by mouse or keys.
const NAMES = ["links", "oben", "breite", "hoehe"];
const LEAST = 0.6; // percent: less was a click
const canvas = document.querySelector("[data-cover]");
const lines = document.querySelector("[data-lines]");
if (canvas && lines) begin();

function begin() {
  canvas.classList.add("is-live");
  document.querySelectorAll("[data-more], [data-empty]").forEach((button) => { button.hidden = false; });
  lines.addEventListener("input", draw);
  lines.addEventListener("click", (event) => {
    const line = event.target.closest("[data-empty]")?.closest("li");
    if (line) { write(line, ["", "", "", ""]); draw(); say("−"); }
  });
  document.querySelector("[data-more]").addEventListener("click", () => {
    const line = free();
    write(line, [40, 40, 20, 20]);
    draw();
    boxOf(line)?.focus();
  });
  canvas.addEventListener("pointerdown", press);
  draw();
}

function read(line) {
  const values = NAMES.map((name) => line.querySelector(`[name="${name}"]`).value.trim().replace(",", "."));
  const numbers = values.map(Number);
  return values.every(Boolean) && numbers.every(Number.isFinite) && numbers[2] > 0 && numbers[3] > 0 ? numbers : null;
}

function write(line, values) {
  NAMES.forEach((name, place) => { line.querySelector(`[name="${name}"]`).value = typeof values[place] === "number" ? String(Math.round(values[place] * 100) / 100) : ""; });
}

function free() {
  const empty = [...lines.children].find((line) => NAMES.every((name) => !line.querySelector(`[name="${name}"]`).value.trim()));
  if (empty) return empty;
  const line = lines.lastElementChild.cloneNode(true);
  const number = lines.children.length + 1;
  line.querySelector("legend").textContent = `${canvas.dataset.title} ${number}`;
  line.querySelector("[data-empty] .vh").textContent = ` ${number}`;
  write(line, ["", "", "", ""]);
  lines.append(line);
  return line;
}

function boxOf(line) {
  return canvas.querySelector(`[data-line="${[...lines.children].indexOf(line)}"]`);
}

function draw() {
  const focused = document.activeElement?.dataset?.line;
  canvas.querySelectorAll(".case__cover").forEach((box) => box.remove());
  [...lines.children].forEach((line, place) => {
    const values = read(line);
    if (!values) return;
    const box = document.createElement("button");
    box.type = "button";
    box.className = "case__cover";
    box.dataset.line = place;
    box.textContent = place + 1;
    box.setAttribute("aria-label", `${canvas.dataset.title} ${place + 1}`);
    ["left", "top", "width", "height"].forEach((side, at) => { box.style[side] = `${values[at]}%`; });
    box.addEventListener("keydown", (event) => keys(event, line));
    canvas.append(box);
    if (focused === String(place)) box.focus();
  });
}

function keys(event, line) { // arrows move, with the shift key they change the size, delete removes
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const values = read(line);
  if (event.key === "Delete" || event.key === "Backspace") { write(line, ["", "", "", ""]); draw(); event.preventDefault(); }
  if (!step || !values) return;
  event.preventDefault();
  const [left, top, width, height] = values;
  if (event.shiftKey) write(line, kept([left, top, Math.max(width + step[0], 1), Math.max(height + step[1], 1)]));
  else write(line, kept([Math.max(left + step[0], 0), Math.max(top + step[1], 0), width, height]));
  draw();
}

function kept([left, top, width, height]) {
  const wide = Math.min(width, 100), high = Math.min(height, 100);
  return [Math.min(left, 100 - wide), Math.min(top, 100 - high), wide, high];
}

function point(event) {
  const frame = canvas.getBoundingClientRect();
  const inside = (value) => Math.min(Math.max(value, 0), 100);
  return [inside(((event.clientX - frame.left) / frame.width) * 100), inside(((event.clientY - frame.top) / frame.height) * 100)];
}

function press(event) {
  if (event.button !== 0) return;
  const held = event.target.closest(".case__cover");
  const line = held ? lines.children[held.dataset.line] : free();
  const begun = held ? read(line) : null;
  const [x, y] = point(event);
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  const move = (next) => {
    const [toX, toY] = point(next);
    if (begun) write(line, kept([Math.max(begun[0] + toX - x, 0), Math.max(begun[1] + toY - y, 0), begun[2], begun[3]]));
    else write(line, [Math.min(x, toX), Math.min(y, toY), Math.abs(toX - x), Math.abs(toY - y)]);
    draw();
  };
  const end = () => {
    canvas.removeEventListener("pointermove", move);
    const values = read(line);
    if (!begun && (!values || values[2] < LEAST || values[3] < LEAST)) write(line, ["", "", "", ""]);
    draw();
    boxOf(line)?.focus();
    if (read(line)) say(`${canvas.dataset.title} ${[...lines.children].indexOf(line) + 1}`);
  };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end, { once: true });
  canvas.addEventListener("pointercancel", end, { once: true });
}

function say(text) {
  document.querySelector("[data-said]").textContent = text;
}
