// Draws cases on a map where the browser can. The list beside or below tells the same without it, and is what the keyboard uses.
const PLAIN = { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#e9edf1" } }] };
const PATIENCE = 5000; // ms until we go on without the map's picture
const SMALL = matchMedia("(max-width: 44rem)");
const known = new WeakSet();

const all = () => document.querySelectorAll("[data-map]").forEach((box) => { if (!known.has(box)) prepare(box); });
all();
addEventListener("htmx:load", all); // pieces that came in anew
document.querySelectorAll("[data-share]").forEach(share);

// The library weighs a megabyte: it is fetched where a map is looked at, and on small screens or a spared line only where it is asked for.
function prepare(box) {
  known.add(box);
  const words = box.dataset;
  if (!document.createElement("canvas").getContext("webgl2")) return refuse(box);
  box.hidden = false;
  box.replaceChildren(made("p", "cmap__said", words.about));
  if (!("later" in words) || !(SMALL.matches || navigator.connection?.saveData)) return seen(box, () => start(box));
  const button = made("button", "kern-btn kern-btn--secondary cmap__open", "");
  button.type = "button";
  button.append(made("span", "kern-label", words.later));
  button.addEventListener("click", async () => { await start(box); box.querySelector("canvas")?.focus(); });
  box.classList.add("cmap--shut");
  box.append(button);
}

function seen(box, act) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    act();
  }, { rootMargin: "200px" }).observe(box);
}

function refuse(box) {
  box.hidden = false;
  box.classList.add("cmap--off");
  box.replaceChildren(made("p", "cmap__said", box.dataset.failed));
}

async function start(box) {
  box.classList.remove("cmap--shut");
  try {
    box.desk = await draw(box);
  } catch {
    refuse(box);
  }
}

async function draw(box) {
  const words = box.dataset;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: words.sheet });
  document.head.append(sheet);
  const [library, style] = await Promise.all([import(words.library), reachable(words.style), new Promise(done => { sheet.onload = sheet.onerror = done; })]);
  const canvas = made("div", "cmap__canvas", "");
  box.replaceChildren(canvas);
  const map = new library.Map({
    container: canvas, style, maxZoom: 20, minZoom: 4, dragRotate: false, pitchWithRotate: false, touchPitch: false, attributionControl: false,
    cooperativeGestures: "gentle" in words,
    locale: {
      "NavigationControl.ZoomIn": words.in, "NavigationControl.ZoomOut": words.out, "GeolocateControl.FindMyLocation": words.locate,
      "GeolocateControl.LocationNotAvailable": words.nowhere, "AttributionControl.ToggleAttribution": words.sources,
      "Popup.Close": words.close, "Map.Title": words.about, "Marker.Title": words.pin, "CooperativeGesturesHandler.WindowsHelpText": words.gesture,
      "CooperativeGesturesHandler.MacHelpText": words.gestureMac, "CooperativeGesturesHandler.MobileHelpText": words.fingers,
    },
    ...where(words),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.AttributionControl({ compact: SMALL.matches, customAttribution: words.source || undefined }));
  if ("find" in words) {
    map.addControl(new library.GeolocateControl({ showAccuracyCircle: false }), "top-right");
    const find = box.querySelector(".maplibregl-ctrl-geolocate"); // it names itself only when it knows whether it may
    if (find) find.setAttribute("aria-label", find.title || words.locate);
  }
  map.on("error", () => {}); // a tile that does not come leaves the ground plain
  if (words.points) follow(box, map, library);
  if (words.mark) marked(map, library, words.mark);
  if (words.pick) pick(box, map, library);
  return map;
}

function where(words) {
  if (words.mark) return { center: point(words.mark), zoom: 16 };
  if (words.bounds) {
    const [west, south, east, north] = words.bounds.split(",").map(Number);
    return { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 24 } };
  }
  return { center: [Number(words.longitude), Number(words.latitude)], zoom: Number(words.zoom) };
}

function point(text) {
  const [latitude, longitude] = text.split(",").map(Number);
  return [longitude, latitude];
}

// A style that cannot be reached must not leave an empty hole: then the ground is plain.
async function reachable(address) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok && (await answer.json()).version === 8) return address;
  } catch { /* no network, or not allowed */ }
  return PLAIN;
}

// ── Cases ──

function follow(box, map, library) {
  const words = box.dataset;
  const list = document.querySelector("[data-map-list]");
  let shown = [], asked = null;
  const layers = choices(box, map, library, () => look());
  const look = async () => {
    asked?.abort();
    asked = new AbortController();
    const bounds = map.getBounds();
    const sides = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map(side => side.toFixed(6));
    const query = new URLSearchParams({ bbox: sides.join(","), zoom: map.getZoom().toFixed(2) });
    try {
      const [cases, text] = await Promise.all([
        layers.hides() ? null : got(words.points, query, asked.signal).then(answer => answer.json()),
        list && got(list.dataset.mapList, query, asked.signal).then(answer => answer.text()),
        layers.look(query, asked.signal),
      ]);
      shown.forEach(each => each.remove());
      shown = (cases?.features ?? []).map(feature => placed(feature, box, map, library));
      if (list && text !== null) list.innerHTML = text; // our own server's, escaped there
      box.dataset.state = "ready";
    } catch (problem) {
      if (problem.name !== "AbortError") box.dataset.state = "failed";
    }
  };
  map.on("moveend", look);
  map.once("load", look);
}

async function got(address, query, signal) {
  const answer = await fetch(address + (address.includes("?") ? "&" : "?") + query, { signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

function placed(feature, box, map, library) {
  const { count, title, state_title: state, tone, place } = feature.properties;
  const button = count
    ? made("button", `cmark cmark--${count < 10 ? "s" : count < 100 ? "m" : "l"}`, new Intl.NumberFormat(document.documentElement.lang).format(count))
    : made("button", `cpoint cpoint--${tone}`, "");
  button.type = "button";
  button.tabIndex = -1; // a hundred stops for the keyboard help nobody: the list has them in order
  button.setAttribute("aria-label", count ? `${count} ${box.dataset.many}` : [title, place, state].filter(Boolean).join(", "));
  button.addEventListener("click", event => {
    event.stopPropagation();
    count ? nearer(feature, map) : card(feature, box, map, library);
  });
  return new library.Marker({ element: button }).setLngLat(feature.geometry.coordinates).addTo(map);
}

function nearer(feature, map) {
  const [west, south, east, north] = feature.bbox;
  map.fitBounds([[west, south], [east, north]], { padding: 60, maxZoom: Math.min(20, Math.max(map.getZoom() + 2, 17)) });
}

function card(feature, box, map, library) {
  const { title, state_title: state, tone, place, number, reported, url } = feature.properties;
  const node = made("div", "ccard", "");
  const link = made("a", "ccard__title", title);
  link.href = url;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium" }).format(new Date(`${reported}T12:00`));
  node.append(made("span", `ccard__state cpoint--${tone}`, state), link, made("span", "ccard__more", [place, day, number].filter(Boolean).join(" · ")));
  new library.Popup({ maxWidth: "18rem", offset: 14 }).setLngLat(feature.geometry.coordinates).setDOMContent(node).addTo(map);
}

// ── Heat and districts, where the page has switches for them ──

function choices(box, map, library, again) {
  const heat = document.querySelector("[data-map-heat]"), districts = document.querySelector("[data-map-districts]");
  let names = [];
  const on = element => Boolean(element?.checked);
  heat?.addEventListener("change", again);
  districts?.addEventListener("change", () => { names.forEach(each => each.remove()); names = []; again(); });
  return {
    hides: () => on(heat),
    async look(query, signal) {
      if (heat) await warm(map, on(heat) ? await got(heat.dataset.mapHeat, query, signal).then(answer => answer.json()) : null);
      if (!districts) return;
      if (!on(districts)) return outlines(map, null);
      if (names.length) return;
      const found = await got(districts.dataset.mapDistricts, query, signal).then(answer => answer.json());
      outlines(map, found);
      names = found.features.map(feature => named(feature, map, library));
    },
  };
}

const EMPTY = { type: "FeatureCollection", features: [] };

function source(map, name, data, layers) {
  const found = map.getSource(name);
  if (found) return found.setData(data ?? EMPTY);
  if (!data) return;
  map.addSource(name, { type: "geojson", data });
  layers.forEach(layer => map.addLayer({ source: name, ...layer }));
}

function warm(map, data) {
  source(map, "heat", data, [{
    id: "heat", type: "heatmap",
    paint: { "heatmap-weight": ["interpolate", ["linear"], ["ln", ["+", 1, ["get", "count"]]], 0, 0.1, 6, 1], "heatmap-radius": 26, "heatmap-opacity": 0.75 },
  }]);
}

function outlines(map, data) {
  const most = Math.max(1, ...(data?.features ?? []).map(feature => feature.properties.count));
  source(map, "districts", data, [
    { id: "districts", type: "fill", paint: { "fill-color": "#1b4b91", "fill-opacity": ["interpolate", ["linear"], ["get", "count"], 0, 0.03, most, 0.3] } },
    { id: "outlines", type: "line", paint: { "line-color": "#1b4b91", "line-width": 2 } },
  ]);
}

function named(feature, map, library) {
  const corners = feature.geometry.coordinates.flat(feature.geometry.type === "MultiPolygon" ? 2 : 1);
  const middle = [0, 1].map(axis => (Math.min(...corners.map(each => each[axis])) + Math.max(...corners.map(each => each[axis]))) / 2);
  const said = `${feature.properties.name}: ${feature.properties.count}`, element = made("span", "cname", said);
  element.setAttribute("aria-label", said); // else the library calls it a marker
  return new library.Marker({ element }).setLngLat(middle).addTo(map);
}

// ── One place ──

function marked(map, library, text) {
  return new library.Marker({ element: made("span", "cpin", "") , anchor: "bottom" }).setLngLat(point(text)).addTo(map);
}

// A tap sets the place into two fields; the page's own fields do the same for the keyboard.
function pick(box, map, library) {
  const [latitude, longitude] = box.dataset.pick.split(",").map(id => document.getElementById(id));
  let pin = null;
  const put = ({ lng, lat }, told) => {
    if (!pin) {
      pin = new library.Marker({ element: made("span", "cpin", ""), anchor: "bottom", draggable: true }).setLngLat([lng, lat]).addTo(map);
      pin.on("dragend", () => write(pin.getLngLat(), true));
    }
    pin.setLngLat([lng, lat]);
    write({ lng, lat }, told);
  };
  const write = ({ lng, lat }, told) => {
    latitude.value = lat.toFixed(6);
    longitude.value = lng.toFixed(6);
    if (told) latitude.dispatchEvent(new CustomEvent("picked", { bubbles: true }));
  };
  map.on("click", event => put(event.lngLat, true));
  if (latitude.value && longitude.value) put({ lat: Number(latitude.value), lng: Number(longitude.value) }, false);
  box.addEventListener("unplace", () => { pin?.remove(); pin = null; });
  box.addEventListener("place", event => { put(event.detail, true); map.flyTo({ center: event.detail, zoom: Math.max(map.getZoom(), 17) }); });
}

// ── Pieces ──

function made(tag, css, text) {
  const element = document.createElement(tag);
  element.className = css;
  element.textContent = text;
  return element;
}

function share(button) {
  const { address, title, done } = button.dataset;
  if (!navigator.share && !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) return await navigator.share({ title, url: address });
      await navigator.clipboard.writeText(address);
      button.parentElement.querySelector("[data-said]").textContent = done;
    } catch { /* they thought better of it */ }
  });
}
