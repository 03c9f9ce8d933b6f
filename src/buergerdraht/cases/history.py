"""What happened to a case, in words: who, when, what, and what citizens were told of it or could not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from buergerdraht.accounts.models import Membership, Operator, Team
from buergerdraht.cases import states
from buergerdraht.cases.models import Case, Entry, Firm, Told
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.reading import called
from buergerdraht.conversations import sight

PRIORITIES: dict[int, Promise] = {
    Case.Priority.LOW: gettext_lazy("niedrig"),
    Case.Priority.NORMAL: gettext_lazy("normal"),
    Case.Priority.HIGH: gettext_lazy("hoch"),
}
ORIGINS: dict[str, Promise] = {
    Case.Origin.CHAT: gettext_lazy("im Messenger"),
    Case.Origin.DIALOG: gettext_lazy("in einem Dialog"),
    Case.Origin.OPERATOR: gettext_lazy("von uns aufgenommen"),
    Case.Origin.WEB: gettext_lazy("im Webformular"),
    Case.Origin.OPEN311: gettext_lazy("über eine andere Anwendung"),
}
# Steps that are said the same way whatever their data: a picture and the sentence.
PLAIN: dict[str, tuple[str, Promise]] = {
    "joined": ("people", gettext_lazy("folgt dem Anliegen")),
    "answered": ("reply", gettext_lazy("Antwort an alle, die folgen")),
    "note": ("note", gettext_lazy("Interne Notiz")),
    "accepted": ("check", gettext_lazy("Vom Team angenommen")),
    "released": ("globe", gettext_lazy("Öffentlich gezeigt")),
    "hidden": ("lock", gettext_lazy("Nicht mehr öffentlich")),
    "withdrawn": ("lock", gettext_lazy("Von der Bürgerin oder dem Bürger aus der Öffentlichkeit zurückgezogen")),
    "added": ("clip", gettext_lazy("Ergänzt")),
    "covered": ("image", gettext_lazy("Foto abgedeckt")),
    "warned": ("clock", gettext_lazy("Frist zu drei Vierteln um")),
    "overdue": ("warning", gettext_lazy("Frist überschritten")),
    "rated": ("ok", gettext_lazy("Rückmeldung: „Es ist in Ordnung so.“")),
}
# The same with one name of their data in it: the key, the kind of row, and the sentence.
NAMED: dict[str, tuple[str, str, str, Promise]] = {
    "handed": ("swap", "team", "team", gettext_lazy("An das Team „%s“ weitergegeben")),
    "doubled": ("archive", "case", "case", gettext_lazy("%s wurde als dasselbe Anliegen vermerkt")),
    "task_added": ("case", "", "", gettext_lazy("Aufgabe hinzugefügt")),
    "task_done": ("check", "", "", gettext_lazy("Aufgabe erledigt")),
    "task_undone": ("redo", "", "", gettext_lazy("Aufgabe wieder offen")),
    "delegated": ("out", "firm", "firm", gettext_lazy("„%s“ beauftragt")),
    "undelegated": ("x", "firm", "firm", gettext_lazy("Auftrag an „%s“ zurückgenommen")),
    "firm_accepted": ("check", "firm", "firm", gettext_lazy("„%s“ nimmt den Auftrag an")),
    "firm_photo": ("image", "firm", "firm", gettext_lazy("„%s“ schickt ein Foto")),
    "firm_wrote": ("mail", "firm", "firm", gettext_lazy("„%s“ schreibt")),
    "firm_done": ("ok", "firm", "firm", gettext_lazy("„%s“ meldet: erledigt")),
    "firm_cannot": ("warning", "firm", "firm", gettext_lazy("„%s“ meldet: nicht möglich")),
}


@dataclass(frozen=True)
class Heard:
    """How many heard a step, how many still wait for it, and why others did not: a sentence each."""

    told: int = 0
    waiting: int = 0
    refused: Sequence[str] = ()


@dataclass(frozen=True)
class Line:
    """A step as the page shows it. `told` are our words to citizens; `heard` is None where nothing was said to them."""

    entry: Entry
    icon: str
    title: str
    who: str
    told: str = ""
    heard: Heard | None = None


@dataclass
class _Names:
    """What the numbers of entries mean, fetched once for all of them."""

    operators: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    firms: dict[int, str] = field(default_factory=dict)
    cases: dict[int, str] = field(default_factory=dict)

    def of(self, kind: str, number: Any) -> str:
        rows = {"operator": self.operators, "team": self.teams, "firm": self.firms, "case": self.cases}[kind]
        return rows.get(number, "–")


def lines(case: Case, membership: Membership, see: Callable[[int], str]) -> list[Line]:
    """Tell the whole history, the newest first. `see` gives a case's number to whoever may see that case, else ""."""
    entries = list(case.entries.select_related("operator", "contact").prefetch_related("contact__addresses").order_by("-at", "-id"))
    names, heard = _names(entries, membership, see), _heard(case)
    hidden = hidden_of(membership, [entry.contact_id for entry in entries if entry.contact_id])
    return [_line(entry, names, heard.get(entry.pk), hidden) for entry in entries]


def hidden_of(membership: Membership, contacts: Sequence[int]) -> set[int]:
    """Whose names a member may not read: their thread is for others alone."""
    return set(sight.hidden_contacts(membership).filter(pk__in=contacts).values_list("pk", flat=True)) if contacts else set()


def name_of(contact: Contact | None, hidden: set[int]) -> str:
    if contact is None:
        return ""
    return _("nicht für Sie sichtbar") if contact.pk in hidden else called(contact)


def why(code: str) -> str:
    """Say in plain words why somebody was not told."""
    if code == "unreachable":
        return _("Über keinen Messenger mehr erreichbar")
    return _(REASONS.get(code, REASONS["unknown"]).title)


def _names(entries: Sequence[Entry], membership: Membership, see: Callable[[int], str]) -> _Names:
    def numbers(*keys: str) -> set[int]:
        return {number for entry in entries for key in keys if isinstance(number := entry.data.get(key), int)}

    house = membership.organisation_id
    return _Names(
        operators=dict(
            Operator.objects.filter(memberships__organisation=house, pk__in=numbers("holder", "instead_of")).values_list("pk", "name")
        ),
        teams=dict(Team.objects.filter(organisation=house, pk__in=numbers("team")).values_list("pk", "name")),
        firms=dict(Firm.objects.filter(organisation=house, pk__in=numbers("firm")).values_list("pk", "name")),
        cases={number: said for number in numbers("case", "same_as") if (said := see(number))},
    )  # fmt: skip


def _heard(case: Case) -> dict[int, Heard]:
    rows = Told.objects.filter(entry__case=case).values("entry", "refused").order_by()
    found: dict[int, dict[str, Any]] = {}
    for row in rows.annotate(number=Count("pk"), waiting=Count("pk", filter=Q(at=None))):
        here = found.setdefault(row["entry"], {"told": 0, "waiting": 0, "refused": []})
        here["waiting"] += row["waiting"]
        if row["refused"]:
            here["refused"].append(f"{row['number']} × {why(row['refused'])}")
        else:
            here["told"] += row["number"] - row["waiting"]
    return {number: Heard(**values) for number, values in found.items()}


def _line(entry: Entry, names: _Names, heard: Heard | None, hidden: set[int]) -> Line:
    icon, title = _said(entry, names)
    if entry.data.get("undo"):
        icon, title = "redo", _("Zurückgenommen: %(step)s") % {"step": title}
    if entry.operator:
        who = entry.operator.name
    elif entry.contact_id:
        who = name_of(entry.contact, hidden)
    else:
        who = _("Bürgerdraht")
    told = "" if entry.data.get("to") == Case.State.DUPLICATE else entry.told
    return Line(entry, icon, title, who, told, heard)


def _said(entry: Entry, names: _Names) -> tuple[str, str]:
    if entry.what in SPOKEN:
        return SPOKEN[entry.what](entry, names)
    if entry.what in NAMED:
        icon, key, kind, text = NAMED[entry.what]
        return icon, str(text) % names.of(kind, entry.data.get(key)) if key else str(text)
    if entry.what in PLAIN:
        icon, text = PLAIN[entry.what]
        return icon, str(text)
    return "info", entry.what


def _opened(entry: Entry, names: _Names) -> tuple[str, str]:
    origin = ORIGINS.get(str(entry.data.get("origin")))
    title = _("Eingegangen: %(origin)s") % {"origin": origin} if origin else _("Eingegangen")
    if beyond := entry.data.get("beyond"):
        title = f"{title}. {_('Zuständig wäre: %(body)s') % {'body': beyond}}"
    return "plus", title


def _moved(entry: Entry, names: _Names) -> tuple[str, str]:
    values = {"before": states.TITLES.get(entry.data.get("from", ""), ""), "now": states.TITLES.get(entry.data.get("to", ""), "")}
    title = _("%(before)s → %(now)s") % values
    if entry.data.get("by") == "citizen":
        title += f": {_('„Es ist nicht erledigt.“')}"
    if entry.data.get("by") == "firm":
        title += f", {_('durch „%(firm)s“') % {'firm': names.of('firm', entry.data.get('firm'))}}"
    if same := entry.data.get("same_as"):
        title += f": {names.of('case', same)}"
    return "swap", title


def _assigned(entry: Entry, names: _Names) -> tuple[str, str]:
    if entry.data.get("holder") is None:
        return "user", _("Niemandem mehr zugewiesen")
    values = {"holder": names.of("operator", entry.data["holder"]), "asked": names.of("operator", entry.data.get("instead_of"))}
    if "instead_of" in entry.data:
        return "user", _("An %(holder)s gegeben, in Vertretung für %(asked)s") % values
    return "user", _("An %(holder)s gegeben") % values


def _ranked(entry: Entry, names: _Names) -> tuple[str, str]:
    return "filter", _("Priorität: %(priority)s") % {"priority": PRIORITIES.get(entry.data.get("priority", 0), "–")}


def _promised(entry: Entry, names: _Names) -> tuple[str, str]:
    if not entry.data.get("due"):
        return "clock", _("Frist aufgehoben")
    day = timezone.localtime(datetime.fromisoformat(entry.data["due"]))
    return "clock", _("Frist bis %(day)s") % {"day": f"{day:%d.%m.%Y}"}


def _left(entry: Entry, names: _Names) -> tuple[str, str]:
    return "people", _("folgt nicht mehr: hat STOPP geschrieben") if entry.data.get("stop") else _("folgt nicht mehr")


def _photo(entry: Entry, names: _Names) -> tuple[str, str]:
    return "image", _("Foto nach der Arbeit hinzugefügt") if entry.data.get("kind") == "after" else _("Foto hinzugefügt")


def _added(entry: Entry, names: _Names) -> tuple[str, str]:
    number = len(entry.data.get("photos", ()))
    photos = ngettext("%(n)s Foto", "%(n)s Fotos", number) % {"n": number}
    return "clip", f"{_('Ergänzt')}: {photos}" if number else _("Ergänzt")


SPOKEN: dict[str, Callable[[Entry, _Names], tuple[str, str]]] = {
    "opened": _opened, "moved": _moved, "assigned": _assigned, "ranked": _ranked, "promised": _promised, "left": _left, "photo": _photo,
    "added": _added,
}  # fmt: skip
