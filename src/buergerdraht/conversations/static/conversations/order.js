// Where a row of the list belongs: the rules of listing.py, for a page that is open. Moments are microseconds, as the rows carry them.
const OURS = ["operator", "bot", "broadcast"];
let skew = 0; // the server's clock against ours

export const now = () => Date.now() * 1000 + skew;

export function read(told) {
  const asked = JSON.parse(told.textContent);
  skew = asked.now - Date.now() * 1000;
  return asked;
}

function inView(row, asked) {
  const open = row.state === "open" && !row.aside, awake = open && !(Number(row.snoozed ?? 0) > now());
  switch (asked.view) {
    case "meine": return awake && row.operator === String(asked.me);
    case "team": return awake && asked.teams.map(String).includes(row.team);
    case "neu": return awake && !row.operator;
    case "wartet": return awake && !row.waiting && OURS.includes(row.author);
    case "zurueckgestellt": return open && !awake;
    case "beiseite": return Boolean(row.aside);
    case "erledigt": return row.state === "closed";
    default: return awake || (asked.automatic && row.state === "bot" && !row.aside);
  }
}

export function belongs(row, asked) {
  const is = (wish, value) => !wish || String(wish) === value;
  return inView(row, asked)
    && (!asked.channels.length || asked.channels.map(String).includes(row.channel))
    && is(asked.topic, row.topic) && is(asked.team, row.team) && is(asked.language, row.language)
    && (!asked.label || row.labels.split(" ").includes(String(asked.label)))
    && (!asked.hours || Number(row.waiting ?? Infinity) <= now() - asked.hours * 3600e6)
    && (!asked.overdue || Number(row.due ?? Infinity) <= now())
    && (!asked.unanswered || Boolean(row.waiting));
}

export function compare(one, other, view) {
  const at = (row, name) => Number(row[name] ?? Infinity), by = (left, right) => (left === right ? 0 : left < right ? -1 : 1);
  const newest = by(at(other, "last"), at(one, "last")) || by(Number(other.number), Number(one.number));
  if (view === "erledigt" || view === "beiseite") return newest;
  if (view === "zurueckgestellt") return by(at(one, "snoozed"), at(other, "snoozed")) || by(Number(one.number), Number(other.number));
  return by(at(one, "urgent"), at(other, "urgent")) || by(at(one, "waiting"), at(other, "waiting")) || newest;
}
