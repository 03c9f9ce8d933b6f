// Makes the form easier where a script runs: one's own place, the point on the map said in words, photos shown before they go.
const latitude = document.getElementById("id_latitude"), longitude = document.getElementById("id_longitude");
const here = document.querySelector("[data-here]"), said = document.querySelector("[data-point]"), unpick = document.querySelector("[data-unpick]");
const map = document.querySelector("[data-map]");

if (latitude && said) {
  const tell = () => {
    const set = Boolean(latitude.value && longitude.value);
    said.textContent = set ? said.dataset.words : "";
    unpick.hidden = !set;
  };
  latitude.addEventListener("picked", tell);
  unpick.addEventListener("click", () => {
    latitude.value = longitude.value = "";
    map?.dispatchEvent(new CustomEvent("unplace"));
    tell();
  });
  tell();
  if (navigator.geolocation && window.isSecureContext) {
    here.hidden = false;
    here.addEventListener("click", () => navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        latitude.value = coords.latitude.toFixed(6);
        longitude.value = coords.longitude.toFixed(6);
        map?.dispatchEvent(new CustomEvent("place", { detail: { lat: coords.latitude, lng: coords.longitude } }));
        tell();
      },
      () => { said.textContent = here.dataset.failed; },
      { enableHighAccuracy: true, timeout: 15000 },
    ));
  }
}

const photos = document.querySelector("[data-photos]"), shown = document.querySelector("[data-shown]");
photos?.addEventListener("change", () => {
  shown.querySelectorAll("img").forEach(image => URL.revokeObjectURL(image.src));
  shown.replaceChildren(...[...photos.files].filter(file => file.type.startsWith("image/")).map(file => {
    const item = document.createElement("li"), image = new Image();
    image.src = URL.createObjectURL(file);
    image.alt = file.name;
    item.append(image);
    return item;
  }));
});

document.querySelector("[data-focus]")?.focus();

// Twice is once: a second click does nothing while the first is on its way.
document.querySelectorAll("form[method=post]").forEach(form => form.addEventListener("submit", event => {
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
}));
