// One EventSource per page; each event becomes `live:<topic>` on the body, so htmx and modules listen with plain DOM events.
// After a gap (sleep, network, restart) the server's `hello` makes the pieces fetch themselves anew: nothing is missed.
const TOPICS = ["conversation", "message", "receipt", "broadcast", "channel", "media", "alarm"];

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

function tell(topic, values) {
  document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: values, bubbles: true }));
}
