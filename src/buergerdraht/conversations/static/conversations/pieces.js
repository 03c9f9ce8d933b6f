// What the inbox's modules share: finding, waiting, fetching pieces of the page.
// htmx comes later in the document than these modules, hence asked for when needed.

export const $ = (selector, root = document) => root.querySelector(selector);
export const pane = () => $("[data-conversation]");

export const later = (job, wait) => {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(job, wait); };
};

// Without an answer what was told is not shown: the page then catches up as after a gap.
export const missed = () => { dispatchEvent(new Event("live:missed")); return null; };

// A piece of the page; "" where it is not there, null where nobody answered.
export async function piece(address) {
  let answer;
  try { answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" }); } catch { return missed(); }
  if (!answer.ok) return answer.status === 404 ? "" : missed();
  const box = document.createElement("template");
  box.innerHTML = await answer.text();
  return box.content;
}

export const here = (values) => String(values?.conversation ?? "") === pane()?.dataset.conversation;
