// One EventSource per page; each event becomes `live:<topic>` on the body, so htmx and modules listen with plain DOM events.
// After a gap (sleep, network, restart) the server's `hello` makes the pieces fetch themselves anew: nothing is missed.
const TOPICS = [
  "conversation", "gone", "counts", "message", "receipt", "presence", "draft", "notice", "broadcast", "consultation", "case", "channel", "media", "alarm",
  "bridge", "hook",
];

export function connect(place) {
  const source = new EventSource(place);
  let greeted = false;
  for (const topic of TOPICS) {
    source.addEventListener(topic, (event) => tell(topic, JSON.parse(event.data || "{}")));
  }
  source.addEventListener("hello", () => {
    if (greeted) tell("hello", {});
    greeted = true;
  });
  addEventListener("pagehide", () => source.close());
}

// What could not be fetched is tried again: soon, then less and less often, and when the network is back.
const SOON = 1000, RARELY = 30000;
let wait = SOON, timer = null, missedAt = 0;

function anew() { clearTimeout(timer); timer = null; tell("hello", {}); }

addEventListener("live:missed", () => {
  if (timer) return;
  wait = Date.now() - missedAt > 2 * RARELY ? SOON : Math.min(2 * wait, RARELY);
  missedAt = Date.now();
  timer = setTimeout(anew, wait);
});
addEventListener("online", () => { wait = SOON; anew(); });
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  addEventListener(name, ({ detail }) => {
    const asked = detail.requestConfig;
    if (asked?.verb === "get" && /^(live|calm):/.test(asked.triggeringEvent?.type ?? "")) dispatchEvent(new Event("live:missed"));
  });
}

function tell(topic, values) {
  say(`live:${topic}`, values);
  calm(topic);
}

function say(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

// `calm:<topic>` is for what fetches a whole piece: at once, then at most every two seconds, and always once more after the last.
// (htmx's own `throttle` drops the last one, and with it every other trigger of the element.)
const CALM = 2000, resting = new Map();

function calm(topic) {
  if (resting.has(topic)) { resting.set(topic, true); return; }
  say(`calm:${topic}`, {});
  resting.set(topic, false);
  setTimeout(() => {
    const more = resting.get(topic);
    resting.delete(topic);
    if (more) calm(topic);
  }, CALM);
}
