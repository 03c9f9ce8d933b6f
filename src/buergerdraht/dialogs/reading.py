"""What the editor shows: the list of dialogs, a draft that reads like a conversation, what began and ended in thirty days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import markdown
from buergerdraht.dialogs import conditions, document, editing, entrances, kinds, knowing, sections
from buergerdraht.dialogs.checking import UNTRANSLATED, Finding
from buergerdraht.dialogs.document import PERSON
from buergerdraht.dialogs.fields import OPERATIONS
from buergerdraht.dialogs.forms import LANGUAGES, TRIGGERS, Setup
from buergerdraht.dialogs.labels import SLOT, Labels
from buergerdraht.dialogs.models import Dialog, Session
from buergerdraht.dialogs.ways import Way, ways

OPEN, CLOSE = "\ue000", "\ue001"  # private letters around the number of a placeholder, while Markdown is made HTML
DAYS = 30

ICON = "bolt"  # of a dialog that names none we draw
ICONS = {
    "bell", "bolt", "book", "calendar", "case", "chart", "check", "clock", "doc", "globe", "help", "image", "info", "list", "lock", "mail",
    "map", "megaphone", "people", "phone", "pin", "shield", "smile", "translate", "user", "warning",
}  # fmt: skip
MOST_DRAWN = 50
_drawn: dict[tuple[int, int, str, str | None], list[Card]] = {}  # by dialog, stamp, its language, and that of whoever looks


# ── The list ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Line:
    """A dialog in the list."""

    dialog: Dialog
    badge: tuple[str, str]
    triggers: Sequence[str]
    begun: int = 0
    done: int = 0
    handed: int = 0
    left: int = 0

    @property
    def icon(self) -> str:
        """What its document names, where we draw that."""
        named = str((self.dialog.live.document if self.dialog.live else self.dialog.draft).get("icon", ""))
        return named if named in ICONS else ICON


def listing(organisation: Organisation, *, archived: bool = False) -> list[Line]:
    """Every dialog with its state and what became of it in thirty days."""
    rows = Dialog.objects.filter(organisation=organisation, archived_at__isnull=not archived).select_related("live", "changed_by")
    since = timezone.now() - timedelta(days=DAYS)
    walks = Session.objects.filter(organisation=organisation, started_at__gte=since).order_by()
    sums: dict[int, Counter[str]] = {}
    for number, state, n in walks.values_list("dialog", "state").annotate(n=Count("pk")):
        sums.setdefault(number, Counter())[state] += n
    found = []
    for row in rows:
        of = sums.get(row.pk, Counter())
        lost = of["left"] + of["expired"] + of["ended"]
        spoken = [trigger_words(each, row.draft) for each in (row.live.document if row.live else row.draft).get("triggers", [])]
        found.append(Line(row, badge(row), spoken, sum(of.values()), of["done"], of["handed"] + of["held"], lost))
    return found


def badge(row: Dialog) -> tuple[str, str]:
    """How a dialog stands, in a word."""
    if row.archived_at:
        return "plain", _("im Archiv")
    if row.live is None:
        return ("plain", _("ausgeschaltet")) if row.versions.exists() else ("plain", _("Entwurf"))
    if row.live.document != row.draft:
        return "warning", _("live, Entwurf geändert")
    return "success", _("live seit %(day)s") % {"day": timezone.localtime(row.live.at).strftime("%-d.%-m.%Y")}


def trigger_words(trigger: Mapping[str, Any], draft: Mapping[str, Any]) -> str:
    """What begins a dialog, in a few words."""
    on = trigger["on"]
    first = draft.get("languages", ["de"])[0]
    listed = trigger.get("words", {})
    if on == "words":
        return ", ".join(listed.get(first) or next(iter(listed.values()), [])) or _("noch kein Wort")
    if on == "time":
        return _("täglich um %(time)s") % {"time": trigger.get("time", "")}
    words = str(dict(TRIGGERS)[on])
    return f"{words}: {trigger['name']}" if trigger.get("name") else words


# ── A draft, step by step ─────────────────────────────────────────────────


@dataclass(frozen=True)
class Lead:
    """A way out of a step, in words. `goal` is a step's id or a place; `step` is it where it is a step."""

    why: str
    goal: str
    words: str
    step: bool


@dataclass
class Card:
    """A step as the list shows it."""

    id: str
    number: int
    kind: str
    title: str
    icon: str
    words: str
    said: SafeString
    missing: bool = False
    chips: list[Lead] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    comment: str = ""
    branch: str = ""  # the way that begins here
    follower: str = ""  # the next in the list, where it leads there
    findings: list[Finding] = field(default_factory=list)

    @property
    def level(self) -> str:
        return "error" if any(each.level == "error" for each in self.findings) else "warning" if self.findings else ""


@dataclass
class Sheet:
    """A draft as the editor shows it."""

    cards: list[Card]
    whole: list[Finding]
    errors: int
    warnings: int
    triggers: list[str]
    untranslated: int = 0
    linked: bool = False  # a link or QR code begins what is live


def cards_before(dialog: Dialog, setup: Setup) -> dict[str, Card]:
    """The cards of a draft as they were drawn last: what is drawn anew after a change is what differs from them."""
    drawn = _drawn.get((dialog.pk, dialog.stamp, setup.language, get_language()))
    return {card.id: card for card in drawn or sheet(dialog, setup).cards}


def sheet(dialog: Dialog, setup: Setup) -> Sheet:
    """Lay out a draft: every step with what it says, where it leads and what is wrong with it."""
    read = document.load(dialog.draft)
    everything = knowing.findings(dialog)
    found = [each for each in everything if each.code != UNTRANSLATED]  # one number and a table say it better
    labels = setup.labels
    cards = [_card(read, step, values, setup, labels) for step, values in zip(read.steps, dialog.draft["steps"], strict=True)]
    by_id = {card.id: card for card in cards}
    for finding in found:
        if finding.step in by_id:
            by_id[finding.step].findings.append(finding)
    _name_branches(cards)
    while len(_drawn) >= MOST_DRAWN:
        _drawn.pop(next(iter(_drawn)))
    _drawn[dialog.pk, dialog.stamp, setup.language, get_language()] = cards
    return Sheet(
        cards, [each for each in found if each.step not in by_id],
        sum(each.level == "error" for each in found), sum(each.level == "warning" for each in found),
        [trigger_words(each, dialog.draft) for each in dialog.draft.get("triggers", [])], len(everything) - len(found),
        linked=bool(entrances.names(dialog)),
    )  # fmt: skip


def _card(read: document.Dialog, step: document.Step, values: Mapping[str, Any], setup: Setup, labels: Labels) -> Card:
    texts = values.get("text", {})
    said = texts.get(setup.language, "")
    shown = said or labels.said(texts)
    made = Card(
        step.id, labels.numbers[step.id], values["kind"], str(kinds.title_of(values)), kinds.icon_of(values), labels.step(step.id),
        rich(shown, labels) if shown else SafeString(""), bool(shown and not said),
        facts=[each for each in _facts(values, setup, labels) if each], comment=values.get("comment", ""),
        files=[each.get("alt", {}).get(setup.language) or _("Datei") for each in values.get("files", [])],
    )  # fmt: skip
    for way in ways(read, step):
        lead = Lead(_why(way.path, way.why, values, setup), way.goal, labels.goal(way.goal), way.goal in labels.numbers)
        if way.path.startswith("options."):
            made.chips.append(lead)
        elif not _as_usual(way, read.after(step), values["kind"]):
            made.leads.append(lead)
        elif way.path == "next" and lead.step:
            made.follower = way.goal
    if values.get("want") == "yes_no":
        made.chips = [Lead(each, "", "", False) for each in (_("Ja"), _("Nein"))]
    return made


def _as_usual(way: Way, following: str, kind: str) -> bool:
    """Whether a way need not be told: on to the next, the end of an end, a person after too many misunderstandings."""
    if way.path == "next":
        return way.goal == following and kind != "branch"
    return not way.path or (way.path == "otherwise" and way.goal == PERSON)


def _why(path: str, why: str, values: Mapping[str, Any], setup: Setup) -> str:
    if path.startswith("options."):
        option = next(each for each in values["options"] if each["id"] == path.split(".")[1])
        return setup.labels.said(option.get("title")) or _("ohne Namen")
    if path.startswith("cases."):
        case = values["cases"][int(path.split(".")[1])]
        said = [conditions.sentence(each, setup.draft, setup.language, setup.house.topics) for each in case["when"]]
        return _("Wenn %(what)s") % {"what": _(" und ").join(said)}
    if path == "next":
        return _("sonst") if values["kind"] == "branch" else _("danach")
    return why


def _name_branches(cards: Sequence[Card]) -> None:
    """Where a way of its own begins: at the goal of a choice or a fork that is not simply the next."""
    first: dict[str, list[str]] = {}
    counted = {each.id: each.number for each in cards}
    for each in cards:
        leads = [*each.chips, *(lead for lead in each.leads if each.kind == "branch")]
        if len({lead.goal for lead in leads}) < 2:
            continue
        for lead in leads:
            if lead.step and counted[lead.goal] > each.number:
                first.setdefault(lead.goal, []).append(lead.why)
    for each in cards:
        if reasons := first.get(each.id, []):
            each.branch = " / ".join(dict.fromkeys(reasons[:3]))


def _facts(values: Mapping[str, Any], setup: Setup, labels: Labels) -> list[str]:
    """What a step does besides speaking, in short lines."""
    house, kind, check = setup.house, values["kind"], values.get("check", {})
    found: list[str] = []
    if check.get("table"):
        table = house.tables.get(check["table"])
        found.append(_("wird geprüft gegen: %(table)s") % {"table": table[0] if table else check["table"]})
    for name, words in (("least", _("mindestens %(end)s")), ("most", _("höchstens %(end)s"))):
        found += [words % {"end": conditions.end_shown(check[name])}] if check.get(name) else []
    found += [_("darf übersprungen werden")] if values.get("optional") else []
    found += [_("mit Rückfrage, ob es stimmt")] if values.get("confirm") else []
    if kind == "case" and values.get("category"):
        found.append(house.categories.get(values["category"], values["category"]))
    elif kind in {"case", "hand_over"}:
        found.append(_("Team: %(team)s") % {"team": values.get("team") or _("wer gerade da ist")})
    named = {
        "book": ("offers", "offer"), "call": ("systems", "system"), "start": ("dialogs", "dialog"),
    }  # fmt: skip
    if kind in named:
        plural, name = named[kind]
        found.append(getattr(house, plural).get(values.get(name, ""), values.get(name, "")))
    if kind == "look_up":
        found.append(house.tables.get(values["table"], (values["table"],))[0])
    if kind == "subscribe":
        found.append(", ".join(house.topics.get(each, each) for each in values["topics"]))
    if kind == "wait" and values.get("minutes"):
        found.append(minutes(values["minutes"]))
    if kind == "set":
        found.append(f"{values.get('name', '')}: {labels.bare(str(values.get('value', '')))}".strip(": "))
    if kind == "case" and values.get("label"):
        found.append(labels.bare(values["label"]))
    if values.get("link"):
        found.append(_("Knopf mit Link: %(title)s") % {"title": labels.said(values.get("link_title")) or values["link"]})
    return found


def rich(text: str, labels: Labels) -> SafeString:
    """A text as it will look, its placeholders as words in a frame."""
    slots: list[str] = []

    def keep(found: Any) -> str:
        slots.append(labels.slot(found[1]) if found[1] else "…")
        return f"{OPEN}{len(slots) - 1}{CLOSE}"

    html = markdown.safe_html(markdown.read(SLOT.sub(keep, text)))
    for number, words in enumerate(slots):
        html = html.replace(f"{OPEN}{number}{CLOSE}", format_html('<span class="ds__slot">{}</span>', words))
    return mark_safe(html)  # noqa: S308 - safe_html escapes every letter, format_html the words


def minutes(number: int) -> str:
    """Say a span of minutes."""
    if number % 1_440 == 0:
        return _("%(n)s Tage") % {"n": number // 1_440} if number > 1_440 else _("ein Tag")
    if number % 60 == 0:
        return _("%(n)s Stunden") % {"n": number // 60} if number > 60 else _("eine Stunde")
    return _("%(n)s Minuten") % {"n": number}


# ── Rows of a form ────────────────────────────────────────────────────────


def rows(values: Mapping[str, Any], setup: Setup) -> dict[str, Any]:
    """What a form's lists show: options, cases, files, pairs, each with its goals."""
    labels = setup.labels
    goals = labels.goals(str(values.get("id", "")))
    found: dict[str, Any] = {"goals": goals, "operations": OPERATIONS, "slots": labels.slots()}
    found["options"] = [
        {
            "id": each["id"], "title": each["title"].get(setup.language, ""), "hint": labels.said(each["title"]),
            "description": each.get("description", {}).get(setup.language, ""),
            "words": ", ".join(each.get("words", {}).get(setup.language, [])), "next": each.get("next", ""),
        }
        for each in values.get("options", [])
    ]  # fmt: skip
    found["subjects"] = conditions.subjects(setup.draft, setup.language, setup.house.topics)
    found["cases"] = [
        {"next": case["next"], "when": [
            {
                "on": (on := conditions.subject(each)), "op": each.get("op", "is"),
                "value": conditions.shown(each, setup.draft, setup.language),
                "subjects": conditions.subjects(setup.draft, setup.language, setup.house.topics, on),
            }
            for each in case["when"]
        ]}
        for case in values.get("cases", [])
    ]  # fmt: skip
    found["files"] = [{"file": each["file"], "alt": each.get("alt", {}).get(setup.language, "")} for each in values.get("files", [])]
    for name in ("body", "take", "match"):
        found[name] = list(values.get(name, {}).items())
    found["columns"] = setup.house.tables.get(str(values.get("table", "")), ("", []))[1]
    return found


def trigger_rows(draft: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    return [
        {
            **each,
            "spoken": ", ".join(each.get("words", {}).get(language, [])) if each["on"] == "words" else "",
            "called": each.get("title", {}).get(language, ""),
            "hours": max(1, each.get("wait_minutes", 1_440) // 60),
        }
        for each in draft.get("triggers", [])
    ]


def languages(draft: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each, LANGUAGES.get(each, each)) for each in draft.get("languages", ["de"])]


def what(code: str, *drafts: Mapping[str, Any]) -> str:
    """A change in words; its step is called as in the first draft that has it."""
    verb, _colon, name = code.partition(":")
    sentences = {
        "add": _("Schritt hinzugefügt: %(step)s"), "change": _("Schritt geändert: %(step)s"), "move": _("Schritt verschoben: %(step)s"),
        "copy": _("Schritt kopiert: %(step)s"), "remove": _("Schritt gelöscht: %(step)s"), "rename": _("Kurzname geändert: %(step)s"),
        "revert": _("Version %(step)s in den Entwurf geholt"), "head": _("Auslöser und Einstellungen geändert"),
        "texts": _("Übersetzungen geändert"), "section": _("Fertiger Abschnitt eingefügt: %(step)s"),
    }  # fmt: skip
    if verb == "section":
        section = sections.sections().get(name)
        return sentences[verb] % {"step": section.title if section else name}
    draft = next((each for each in drafts if editing.step_of(each, name)), None)
    step = Labels(draft, draft.get("languages", ["de"])[0]).step(name) if draft else name
    return sentences.get(verb, verb) % {"step": step}
