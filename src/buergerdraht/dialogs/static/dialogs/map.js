// A map that is wider than the window begins where the dialog begins.
const map = document.querySelector(".map");
const first = map?.querySelector(".map__box")?.getBoundingClientRect();
if (first) map.scrollLeft += (first.left + first.right) / 2 - (map.getBoundingClientRect().left + map.clientWidth / 2);
