"""Find what would go wrong in a dialog before anybody meets it: with the place and a proposal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.connectors.contract import Choice, Content, Plan
from buergerdraht.contacts import words
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import filling, matching, patterns, understanding
from buergerdraht.dialogs.document import (
    FILE_NAME,
    PLACES,
    QUESTIONS,
    AskStep,
    Book,
    Branch,
    Call,
    CaseStep,
    Choose,
    Dialog,
    End,
    HandOver,
    LookUp,
    Question,
    Say,
    Send,
    Set,
    Start,
    Step,
    Subscribe,
    Texts,
    Wait,
    texts_of,
)
from buergerdraht.dialogs.ways import reached, ways

Level = Literal["error", "warning"]
WAITING = (*QUESTIONS, Call, Wait, HandOver, End)  # steps that do not go on at once
RESERVED = (words.STOP, words.HELP, words.PRIVACY, words.IMPRINT, words.ACCESS, words.ERASE)
STEERING = (words.BACK, words.MENU, words.PERSON)
NESTED = re.compile(r"\([^)]*[+*}][^)]*\)[+*{]")  # (a+)+ : could run for ever
LONG = 525_600  # minutes
UNTRANSLATED = "untranslated"  # the code of a finding that would stand at every step of a dialog in two languages
ENDS = {
    "number": (gettext_lazy("„%(end)s“ ist keine Zahl."), gettext_lazy("Schreiben Sie zum Beispiel 10.")),
    "date": (gettext_lazy("„%(end)s“ ist kein Tag."), gettext_lazy("Schreiben Sie zum Beispiel today, +14 oder 2026-12-24.")),
    "time": (gettext_lazy("„%(end)s“ ist keine Uhrzeit."), gettext_lazy("Schreiben Sie zum Beispiel 08:00.")),
}
MISSING = {
    "table": gettext_lazy("Die Tabelle „%(name)s“ gibt es hier nicht."),
    "offer": gettext_lazy("Das Terminangebot „%(name)s“ gibt es hier nicht."),
    "system": gettext_lazy("Das System „%(name)s“ gibt es hier nicht."),
    "dialog": gettext_lazy("Den Dialog „%(name)s“ gibt es hier nicht."),
    "topics": gettext_lazy("Das Thema „%(name)s“ gibt es hier nicht."),
    "category": gettext_lazy("Die Kategorie „%(name)s“ gibt es hier nicht."),
    "team": gettext_lazy("Das Team „%(name)s“ gibt es hier nicht."),
}
LANGUAGES = {
    "de": gettext_lazy("Deutsch"), "en": gettext_lazy("Englisch"), "tr": gettext_lazy("Türkisch"), "uk": gettext_lazy("Ukrainisch"),
    "ru": gettext_lazy("Russisch"), "ar": gettext_lazy("Arabisch"), "pl": gettext_lazy("Polnisch"), "fr": gettext_lazy("Französisch"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """Something that would go wrong, in the language of whoever looks. `step` "": in the dialog as a whole. `proposal` says what to do."""

    level: Level
    step: str
    path: str
    sentence: str
    proposal: str = ""
    code: str = ""  # of findings that are told apart


@dataclass(frozen=True)
class Window:
    """How long a messenger lets us write freely after their last message, and what opens it again."""

    hours: int
    templates: frozenset[str] | None = frozenset()  # approved ones; None: it knows none


@dataclass(frozen=True)
class Known:
    """What is there to be spoken of. None means: not looked at, as for a document that belongs to no organisation yet."""

    tables: Mapping[str, Sequence[str]] | None = None  # key -> columns
    topics: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    offers: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    systems: frozenset[str] | None = None
    dialogs: frozenset[str] | None = None
    files: frozenset[str] | None = None
    rows: Callable[[str], Sequence[Mapping[str, str]]] | None = None  # of a table
    answers: frozenset[str] = frozenset()  # names under which the dialogs it walks through as parts keep answers
    words: Mapping[str, str] = field(default_factory=dict)  # a word -> the other dialog it begins
    kinds: Sequence[str] = ()  # messengers in use
    windows: Mapping[str, Window] = field(default_factory=dict)  # of the messengers that run and close theirs
    plan: Callable[[str, Content], Plan] | None = None
    title: Callable[[str], str] = str


def find(dialog: Dialog, known: Known = Known()) -> list[Finding]:
    """Find everything, errors first, in the order of the steps."""
    saved = saved_names(dialog) | known.answers
    found = [
        *_whole(dialog, known),
        *(finding for step in dialog.steps for finding in (*_step(dialog, step, known), *_placeholders(step, saved))),
        *_loops(dialog),
    ]
    places = {step.id: number for number, step in enumerate(dialog.steps)}
    return sorted(found, key=lambda each: (each.level != "error", places.get(each.step, -1)))


def _error(step: str, path: str, sentence: str, proposal: str = "") -> Finding:
    return Finding("error", step, path, sentence, proposal)


def _warning(step: str, path: str, sentence: str, proposal: str = "") -> Finding:
    return Finding("warning", step, path, sentence, proposal)


# ── The whole ─────────────────────────────────────────────────────────────


def _whole(dialog: Dialog, known: Known) -> Iterator[Finding]:
    if not dialog.triggers:
        yield _warning("", "triggers", _("Diesen Dialog beginnt nichts."), _("Geben Sie ein Wort, einen Link oder einen Platz im Menü an."))
    for number, trigger in enumerate(dialog.triggers):
        path = f"triggers.{number}"
        listed = [word for each in trigger.words.values() for word in each]
        if trigger.on == "words" and not any(plain(word) for word in listed):
            yield _error("", path, _("Dieser Auslöser hat kein Wort."), _("Tragen Sie ein Wort ein oder entfernen Sie den Auslöser."))
        if trigger.on in {"link", "button", "event"} and not plain(trigger.name):
            yield _error("", path, _("Diesem Auslöser fehlt der Name."), _("Tragen Sie einen Namen ein."))
        if trigger.on == "time" and not trigger.time:
            yield _error("", path, _("Diesem Auslöser fehlt die Uhrzeit."), _("Tragen Sie eine Uhrzeit ein."))
        for word in listed:
            if words.command(word, RESERVED):
                sentence = _("„%(word)s“ hat überall schon eine feste Bedeutung.") % {"word": word}
                yield _error("", path, sentence, _("Wählen Sie ein anderes Wort."))
            elif other := known.words.get(plain(word)):
                sentence = _("„%(word)s“ beginnt auch „%(dialog)s“.") % {"word": word, "dialog": other}
                yield _warning("", path, sentence, _("Dann gewinnt der ältere Dialog. Wählen Sie ein anderes Wort."))
    yield from _windows(dialog, known)
    there = reached(dialog)
    for step in dialog.steps:
        if step.id not in there:
            proposal = _("Lassen Sie einen Schritt hierher führen, oder löschen Sie ihn.")
            yield _error(step.id, "", _("Zu diesem Schritt führt kein Weg."), proposal)


def _windows(dialog: Dialog, known: Known) -> Iterator[Finding]:
    """What is said of itself after the window closed needs a template, on every messenger where that happens."""
    for kind, window in known.windows.items():
        by_clock = any(each.on == "time" and kind in (each.channels or [kind]) for each in dialog.triggers)
        late = [step.id for step in dialog.steps if _waits(dialog, step) >= window.hours * 60]
        if (not by_clock and not late) or (window.templates is not None and dialog.template in window.templates):
            continue
        place = "" if by_clock else late[0]
        values = {"messenger": known.title(kind), "hours": window.hours, "name": dialog.template}
        if window.templates is None:
            sentence = _("%(messenger)s lässt nach %(hours)s Stunden ohne Nachricht nichts mehr zu und kennt keine Vorlagen.")
            proposal = _("Dort wird nichts gesagt; in der Unterhaltung steht, warum. Nennen Sie den Menschen einen anderen Weg.")
        elif dialog.template:
            sentence = _("%(messenger)s verlangt nach %(hours)s Stunden eine Vorlage, und „%(name)s“ ist dort nicht genehmigt.")
            proposal = _("Lassen Sie sie genehmigen, oder wählen Sie unter „Auslöser und Einstellungen“ eine andere.")
        else:
            sentence = _("%(messenger)s verlangt nach %(hours)s Stunden ohne Nachricht eine Vorlage, und der Dialog nennt keine.")
            proposal = _("Wählen Sie unter „Auslöser und Einstellungen“ eine genehmigte Vorlage.")
        yield _warning(place, "template", sentence % values, proposal)


def _waits(dialog: Dialog, step: Step) -> int:
    """How many minutes may pass at a step before we speak of ourselves; until a date: any number."""
    if isinstance(step, Wait):
        return step.minutes or LONG
    remind = (step.remind_after or dialog.remind_after) if isinstance(step, Question) else 0
    return remind if remind < dialog.expire_after else 0


def _loops(dialog: Dialog) -> Iterator[Finding]:
    """Steps that go round without anybody being asked: without a fork they never end, with one they may not."""
    passing = {step.id: step for step in dialog.steps if not isinstance(step, WAITING)}
    goals = {name: [way.goal for way in ways(dialog, step) if way.goal in passing] for name, step in passing.items()}
    for ring in _rings(goals):
        first = min(ring, key=lambda name: list(passing).index(name))
        if any(isinstance(passing[name], Branch | LookUp) for name in ring):
            sentence = _("Diese Schritte können im Kreis laufen, ohne dass jemand gefragt wird.")
            yield _warning(first, "next", sentence, _("Fragen Sie im Kreis etwas."))
        else:
            proposal = _("Lassen Sie einen davon woanders hin führen.")
            yield _error(first, "next", _("Diese Schritte laufen endlos im Kreis."), proposal)


def _rings(goals: Mapping[str, Sequence[str]]) -> list[set[str]]:
    """The groups of steps of which each leads to each (Tarjan's, without recursion: by two walks)."""
    order: list[str] = []
    seen: set[str] = set()
    for start in goals:
        stack = [(start, iter(goals[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            name, rest = stack[-1]
            goal = next((each for each in rest if each not in seen), None)
            if goal is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(goal)
                stack.append((goal, iter(goals[goal])))
    back: dict[str, list[str]] = {name: [] for name in goals}
    for name, found in goals.items():
        for goal in found:
            back[goal].append(name)
    rings, done = [], set()
    for name in reversed(order):
        ring, open_ = set(), [name]
        while open_:
            each = open_.pop()
            if each not in done:
                done.add(each)
                ring.add(each)
                open_ += back[each]
        if len(ring) > 1 or any(each in goals[each] for each in ring):
            rings.append(ring)
    return rings


# ── A step ────────────────────────────────────────────────────────────────


def _step(dialog: Dialog, step: Step, known: Known) -> Iterator[Finding]:
    yield from _goals(dialog, step)
    yield from _texts(dialog, step)
    yield from _named(step, known)
    if isinstance(step, AskStep):
        yield from _check(step, known)
    if isinstance(step, Branch):
        for when in (each for case in step.cases for each in case.when):
            if when.op == "matches" and "{{" not in when.value:
                yield from _pattern(step.id, f"cases.{when.of}", when.value)
    if isinstance(step, Choose):
        yield from _options(step)
    if isinstance(step, Question | Say):
        yield from _messengers(dialog, step, known)
        if known.files is not None:
            yield from _files(dialog, step, known, known.files)


def _files(dialog: Dialog, step: Question | Say, known: Known, there: frozenset[str]) -> Iterator[Finding]:
    """Files that are not there: named by the step itself, or by rows of a table it speaks of."""
    for each in step.files:
        if "{" not in each.file and each.file not in there:
            named = FILE_NAME.fullmatch(each.file)
            sentence = _("Die Datei „%(name)s“ gibt es hier nicht.") % {"name": each.file} if named else _("Eine Datei fehlt.")
            meant = _meant(each.file, sorted(there)) if named else ""
            yield _error(step.id, "files", sentence, meant or _("Laden Sie sie neu hoch oder nehmen Sie sie heraus."))
        looked = [one for one in dialog.steps if isinstance(one, LookUp) and _asks(each.file, one.save)]
        for one in looked if len(looked) == 1 and known.rows else ():
            for number, row in enumerate(known.rows(one.table) if known.rows else (), 1):
                found = {one.save: row, f"{one.save}_list": [row] * one.most}
                if (name := filling.fill(each.file, {"raw": found, "answers": found}).strip()) and name not in there:
                    values = {"table": one.table, "n": number, "name": name}
                    sentence = _("Tabelle „%(table)s“, Zeile %(n)s: Die Datei „%(name)s“ gibt es hier nicht.") % values
                    proposal = _meant(name, sorted(there)) or _(
                        "Berichtigen Sie den Namen, oder leeren Sie das Feld: Dann geht der Text allein."
                    )
                    yield _warning(step.id, "files", sentence, proposal)
                    break


def _asks(text: str, save: str) -> bool:
    """Whether a text speaks of the row that is kept under a name, or of the rows."""
    return any(name.split(".")[1:2] in ([save], [f"{save}_list"]) for name in filling.names(text))


def _goals(dialog: Dialog, step: Step) -> Iterator[Finding]:
    names = [each.id for each in dialog.steps]
    for way in ways(dialog, step):
        if way.goal not in PLACES and dialog.step(way.goal) is None:
            proposal = _meant(way.goal, names) or _("Wählen Sie einen Schritt, der da ist.")
            sentence = _("Der Weg führt zu „%(step)s“, und diesen Schritt gibt es nicht.") % {"step": way.goal}
            yield _error(step.id, way.path, sentence, proposal)
    speaks = isinstance(step, Say | End | HandOver | Send) and (bool(getattr(step, "text", {})) or isinstance(step, HandOver | Send))
    usual = ways(dialog, step)[-1]
    if isinstance(step, End) and not step.text and len(dialog.steps) > 1:
        return
    if usual.goal == "end" and not speaks and not isinstance(step, Start | Subscribe):
        proposal = _("Fügen Sie einen Schritt „Ende“ mit einem Dank an.")
        yield _warning(step.id, "next", _("Hier endet der Dialog ohne ein Wort."), proposal)


def _meant(name: str, there: Sequence[str]) -> str:
    """Ask whether the nearest name was meant, where one is near."""
    near = matching.near(name, there, 60, 1)
    return _("Meinen Sie „%(name)s“?") % {"name": near[0]} if near else ""


def _texts(dialog: Dialog, step: Step) -> Iterator[Finding]:
    if isinstance(step, AskStep | Choose | Say) and not any(text.strip() for text in step.text.values()) and not step.files:
        sentence = _("Hier fehlt der Text.") if isinstance(step, Say) else _("Hier fehlt die Frage.")
        yield _error(step.id, "text", sentence, _("Schreiben Sie, was die Menschen lesen sollen."))
    first = dialog.languages[0]
    for path, texts in texts_of(step):
        missing = [language for language in dialog.languages if not texts.get(language, "").strip()]
        if first in missing:
            yield _error(step.id, path, _("Der Text fehlt auf %(language)s.") % {"language": _language(first)}, _("Ergänzen Sie ihn."))
        elif missing:
            sentence = _("Noch nicht übersetzt: %(languages)s.") % {"languages": ", ".join(_language(each) for each in missing)}
            proposal = _("Bis dahin hören diese Menschen %(language)s.") % {"language": _language(first)}
            yield Finding("warning", step.id, path, sentence, proposal, UNTRANSLATED)


def _language(code: str) -> str:
    return str(LANGUAGES.get(code, code))


def _placeholders(step: Step, saved: set[str]) -> Iterator[Finding]:
    for path, text in _filled(step):
        if problem := filling.problem(text):
            sentence = _("Ein Platzhalter ist nicht lesbar: %(problem)s") % {"problem": problem}
            yield _error(step.id, path, sentence, _("Fügen Sie ihn neu ein."))
            continue
        for name in filling.names(text):
            root, _dot, rest = name.partition(".")
            answer = rest.split(".")[0]
            if root in {"answers", "raw"} and answer and answer not in saved:
                proposal = _meant(answer, sorted(saved)) or _("Fügen Sie den Platzhalter aus dem Menü ein.")
                yield _error(step.id, path, _("Die Antwort „%(name)s“ gibt es nicht.") % {"name": answer}, proposal)


def saved_names(dialog: Dialog) -> set[str]:
    """All names under which this dialog keeps answers; those of its parts are in `Known.answers`."""
    found: set[str] = set()
    for step in dialog.steps:
        if isinstance(step, Question):
            found |= {step.name, f"{step.name}_words", f"{step.name}_code", f"{step.name}_where", f"{step.name}_number"}
        elif isinstance(step, CaseStep):
            found.add(step.save)
        elif isinstance(step, LookUp):
            found |= {step.save, f"{step.save}_list"}
        elif isinstance(step, Call):
            found |= set(step.take)
        elif isinstance(step, Set) and step.what == "answer":
            found.add(step.name)
    return found


def _filled(step: Step) -> Iterator[tuple[str, str]]:
    for path, texts in texts_of(step):
        yield from ((path, text) for text in texts.values())
    for name in ("value", "number", "path", "until", "file_name", "link", "label", "accept"):
        if isinstance(value := getattr(step, name, ""), str) and value:
            yield name, value
    for name in ("body", "match"):
        yield from ((f"{name}.{key}", value) for key, value in dict(getattr(step, name, {}) or {}).items())
    yield from (("files", each.file) for each in getattr(step, "files", []))
    for case in getattr(step, "cases", []):
        yield from ((f"cases.{each.of}", each.value) for each in case.when)


def _named(step: Step, known: Known) -> Iterator[Finding]:
    """What a step speaks of must be there."""
    asked: Iterable[tuple[str, str, frozenset[str] | None]] = ()
    tables = None if known.tables is None else frozenset(known.tables)
    if isinstance(step, LookUp):
        asked = [("table", step.table, tables)]
    elif isinstance(step, Book):
        asked = [("offer", step.offer, known.offers)]
    elif isinstance(step, Call):
        asked = [("system", step.system, known.systems)]
    elif isinstance(step, Start):
        asked = [("dialog", step.dialog, known.dialogs)]
    elif isinstance(step, Subscribe):
        asked = [("topics", each, known.topics) for each in step.topics]
    elif isinstance(step, HandOver | CaseStep):
        asked = [("team", step.team, known.teams)] if step.team else []
        if isinstance(step, CaseStep) and step.category:
            asked = [*asked, ("category", step.category, known.categories)]
    for path, name, there in asked:
        if there is not None and name not in there:
            proposal = _("Legen Sie es in den Einstellungen an, oder wählen Sie neu.")
            yield _error(step.id, path, MISSING[path] % {"name": name}, proposal)
    if isinstance(step, LookUp) and known.tables is not None and step.table in known.tables:
        for column in step.match:
            if column not in known.tables[step.table]:
                yield _error(step.id, "match", *_no_column(column))


def _no_column(column: str) -> tuple[str, str]:
    return _("Die Tabelle hat keine Spalte „%(column)s“.") % {"column": column}, _("Wählen Sie eine ihrer Spalten.")


def _pattern(step: str, path: str, pattern: str) -> Iterator[Finding]:
    if problem := patterns.problem(pattern):
        proposal = _("Prüfen Sie die Klammern. (%(problem)s)") % {"problem": problem}
        yield _error(step, path, _("Das Muster ist nicht lesbar."), proposal)
    if NESTED.search(pattern):
        proposal = _("Vermeiden Sie Wiederholungen in Wiederholungen.")
        yield _error(step, path, _("Dieses Muster kann sehr lange rechnen."), proposal)


def _check(asking: AskStep, known: Known) -> Iterator[Finding]:
    step, check = asking.id, asking.check
    if check.pattern:
        yield from _pattern(step, "check.pattern", check.pattern)
    if check.table and known.tables is not None:
        if check.table not in known.tables:
            yield _error(step, "check.table", MISSING["table"] % {"name": check.table}, _("Legen Sie sie an, oder wählen Sie neu."))
        elif check.column and check.column not in known.tables[check.table]:
            yield _error(step, "check.column", *_no_column(check.column))
    for name, end in (("least", check.least), ("most", check.most)):
        if end and asking.want in ENDS and not _readable(end, asking.want):
            sentence, example = ENDS[asking.want]
            yield _error(step, f"check.{name}", sentence % {"end": end}, str(example))


def _readable(end: str, want: str) -> bool:
    try:
        if want == "time":
            return re.fullmatch(r"\d{2}:\d{2}", end) is not None and time.fromisoformat(end) is not None
        return Decimal(end).is_finite() if want == "number" else understanding.end_of(end, date(2026, 1, 1)) is not None
    except (ValueError, InvalidOperation):
        return False


def _options(step: Choose) -> Iterator[Finding]:
    told: dict[str, str] = {}
    for option in step.options:
        path = f"options.{option.id}"
        if not option.title:
            yield _error(step.id, path, _("Eine Möglichkeit hat keine Aufschrift."), _("Schreiben Sie, was zur Auswahl steht."))
        listed = [*option.title.values(), *(word for each in option.words.values() for word in each)]
        for word in dict.fromkeys(plain(each) for each in listed):
            if told.get(word, option.id) != option.id:
                sentence = _("„%(word)s“ steht bei zwei Möglichkeiten.") % {"word": word}
                yield _error(step.id, path, sentence, _("Geben Sie jeder eigene Wörter."))
            told[word] = option.id
            if word and words.command(word, (*RESERVED, *STEERING)):
                sentence = _("„%(word)s“ hat überall schon eine feste Bedeutung.") % {"word": word}
                yield _error(step.id, path, sentence, _("Wählen Sie ein anderes Wort."))


def _messengers(dialog: Dialog, step: Question | Say, known: Known) -> Iterator[Finding]:
    """Ask every messenger in use how it would show this, in every language."""
    if known.plan is None:
        return
    told: set[tuple[str, str]] = set()
    for language in dialog.languages:
        content = _content(step, language)
        for kind in known.kinds if content.text else ():
            for note in known.plan(kind, content).notes:
                sentence = _(note.text).format(**note.values)
                if (note.level == "info" and note.code != "split") or (kind, sentence) in told:
                    continue
                told.add((kind, sentence))
                level: Level = "error" if note.level == "error" else "warning"
                yield Finding(level, step.id, "text", f"{known.title(kind)}, {_language(language)}: {sentence}", _("Kürzen Sie hier."))


def _content(step: Question | Say, language: str) -> Content:
    def said(texts: Texts) -> str:
        return texts.get(language) or next(iter(texts.values()), "")

    options = step.options if isinstance(step, Choose) else []
    choices = [Choice(id=f"d:000000:100:{each.id}", title=said(each.title), description=said(each.description)) for each in options]
    label = said(step.label) if isinstance(step, Choose) else ""
    return Content(text=said(step.text), choices=choices, choices_label=label or "Auswahl")
