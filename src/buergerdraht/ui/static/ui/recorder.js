// Record a voice message in the browser: a button starts and ends it, the file goes to `done`.
// The button carries data-sounds (types the messengers take), data-label, data-stop, data-refused, and holds .vh and [data-time].
const KNOWN = ["audio/ogg;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4", "audio/webm;codecs=opus"];
const ENDINGS = { "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/webm": "webm" };
let recorder = null;

// What the browser can record and the messenger takes; without both there is no button.
function sound(button) {
  const taken = button.dataset.sounds.split(" ");
  return KNOWN.find((each) => taken.includes(each.split(";")[0]) && MediaRecorder.isTypeSupported(each));
}

export const canRecord = (button) => Boolean(window.MediaRecorder && navigator.mediaDevices && sound(button));

export async function record(button, done, refused) {
  if (recorder) { recorder.stop(); return; }
  const type = sound(button);
  const plain = type.split(";")[0];
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const chunks = [], began = Date.now();
    recorder = new MediaRecorder(stream, { mimeType: type });
    const tick = setInterval(() => {
      const seconds = Math.round((Date.now() - began) / 1000);
      button.querySelector("[data-time]").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }, 500);
    recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
    recorder.addEventListener("stop", () => {
      clearInterval(tick);
      stream.getTracks().forEach((track) => track.stop());
      done(new File(chunks, `sprachnachricht.${ENDINGS[plain]}`, { type: plain }));
      button.classList.remove("is-on");
      button.querySelector(".vh").textContent = button.dataset.label;
      button.querySelector("[data-time]").textContent = "";
      recorder = null;
    });
    recorder.start();
    button.classList.add("is-on");
    button.querySelector(".vh").textContent = button.dataset.stop;
  } catch {
    recorder = null;
    refused(button.dataset.refused);
  }
}
