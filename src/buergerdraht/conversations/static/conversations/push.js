// Switch notifications on for this device: the browser is asked only after a click, and what it answers goes by an ordinary form.
const form = document.getElementById("push-neu");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const find = (name) => form.querySelector(`[data-${name}]`);

if (form && able) {
  const button = form.querySelector("button");
  find("unable").hidden = true;
  button.hidden = false;
  form.addEventListener("submit", (event) => { event.preventDefault(); begin(button); });
  now().then((subscription) => { if (subscription) find("on").hidden = false; });
}

async function now() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  return worker && Notification.permission === "granted" ? worker.pushManager.getSubscription() : null;
}

async function begin(button) {
  button.disabled = true;
  find("problem").hidden = true;
  try {
    if (await Notification.requestPermission() !== "granted") { problem("refused"); return; }
    await navigator.serviceWorker.register("/worker.js");
    const worker = await navigator.serviceWorker.ready;
    const subscription = await subscribe(worker.pushManager);
    const { endpoint, keys } = subscription.toJSON();
    for (const [name, value] of Object.entries({ endpoint, p256dh: keys.p256dh, auth: keys.auth })) form.elements[name].value = value;
    form.submit();
  } catch { problem("failed"); } finally { button.disabled = false; }
}

async function subscribe(manager) {
  const options = { userVisibleOnly: true, applicationServerKey: form.dataset.public };
  const old = await manager.getSubscription();
  if (old) await old.unsubscribe(); // of another key, or of somebody who sat here before
  return manager.subscribe(options);
}

function problem(which) {
  const line = find("problem");
  line.textContent = form.dataset[which];
  line.hidden = false;
}
