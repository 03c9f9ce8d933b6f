"""What begins a dialog: words, links, buttons, the first contact, the main menu. Looked up in memory, renewed every few seconds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from buergerdraht.contacts import words
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import document, matching
from buergerdraht.dialogs.models import Dialog, Word

FRESH = 3.0  # seconds; so long a change takes to be known everywhere
SHORT_SENTENCE = 8  # words; in longer messages a word alone means nothing
BUTTON = "dlg:"  # id of a button that begins a dialog: "dlg:<key>"
MENU_STEP = "dialogs_menu"

_known: dict[int, tuple[float, list[Known]]] = {}


@dataclass(frozen=True, slots=True)
class Known:
    dialog: int
    key: str
    on: str
    word: str
    fuzzy: bool
    channels: tuple[str, ...]
    title: str
    live: int  # the version that goes


def publish(dialog: Dialog) -> None:
    """Write what begins a dialog, as its live version says; nothing where it is off. Inside the caller's transaction."""
    dialog.words.all().delete()
    if dialog.live is not None and dialog.archived_at is None:
        Word.objects.bulk_create(rows(dialog, document.load(dialog.live.document)))
    _known.pop(dialog.organisation_id, None)


def rows(dialog: Dialog, read: document.Dialog) -> Iterable[Word]:
    """A row for each word of each trigger."""
    for trigger in read.triggers:
        if trigger.on == "words":
            found = {plain(word) for each in trigger.words.values() for word in each}
        elif trigger.on == "menu":
            found = {plain(title) for title in [*trigger.title.values(), *read.title.values()]}
        else:
            found = {plain(trigger.name)}
        for word in sorted(found) if found else [""]:
            yield Word(
                organisation_id=dialog.organisation_id, dialog=dialog, on=trigger.on, word=word[:80], fuzzy=trigger.fuzzy,
                channels=trigger.channels,
            )  # fmt: skip


def known(organisation_id: int) -> list[Known]:
    """All that begins a dialog here."""
    now = time.monotonic()
    found = _known.get(organisation_id)
    if found is None or found[0] < now:
        live = Word.objects.filter(organisation=organisation_id, dialog__archived_at=None).order_by("pk")
        names = ("dialog_id", "dialog__key", "on", "word", "fuzzy", "channels", "dialog__title", "dialog__live")
        listed = [
            Known(number, key, on, word, fuzzy, tuple(kinds), title, version)
            for number, key, on, word, fuzzy, kinds, title, version in live.values_list(*names)
        ]
        found = _known[organisation_id] = (now + FRESH, listed)
    return found[1]


def forget() -> None:
    """Forget what is known: tests change everything at once."""
    _known.clear()


def find(incoming: Incoming, *, first: bool) -> Known | None:
    """The dialog a message begins, or None. `first`: nobody ever wrote from here before."""
    here = [each for each in known(incoming.channel.organisation_id) if not each.channels or incoming.channel.kind in each.channels]
    if not here:
        return None
    event = incoming.event
    if event.choice.startswith(BUTTON):
        key = event.choice.removeprefix(BUTTON)
        return next((each for each in here if each.key == key), None)
    if event.start:
        return _by_link(here, plain(event.start))
    if event.choice and (found := _one(here, ("button",), plain(event.choice)) or _one(here, ("button",), plain(event.text))):
        return found
    if event.kind in {"text", "choice"} and event.text and (found := by_words(here, event.text)):
        return found
    return next((each for each in here if each.on == "first_contact"), None) if first else None


def by_words(here: Sequence[Known], text: str) -> Known | None:
    """Whole messages first; then slips and words inside a short sentence, where exactly one dialog is meant."""
    said = plain(text)
    if not said or len(text) > 300:
        return None
    if found := _one(here, ("words", "menu"), said) or _by_link(here, said):  # a link's name where links carry nothing but words
        return found
    fuzzy = [each for each in here if each.on == "words" and each.fuzzy and each.word]
    if len(said.split()) > SHORT_SENTENCE:
        return None
    within = {each.dialog: each for each in fuzzy if f" {each.word} " in f" {said} "}
    if len(within) == 1:
        return next(iter(within.values()))
    near = {each.dialog: each for each in fuzzy if matching.like(said, each.word)}
    return next(iter(near.values())) if len(near) == 1 else None


def menu(organisation_id: int, channel: str) -> list[Known]:
    """Every dialog that wants to stand in the main menu, once."""
    here = [each for each in known(organisation_id) if each.on == "menu" and (not each.channels or channel in each.channels)]
    return list({each.key: each for each in here}.values())


def menu_title(read: document.Dialog, channel: str, language: str) -> str:
    """What a dialog is called in the main menu: by its trigger there, else by itself, in a language, else in the dialog's first."""
    own = next((each.title for each in read.triggers if each.on == "menu" and each.title and channel in (each.channels or [channel])), {})
    return document.in_language({**read.title, **own}, language, read.languages[0])


def wants_menu(text: str) -> bool:
    return bool(words.command(text, (words.MENU,)))


def carried(name: str) -> str:
    """A link's name as every messenger carries it: in letters that they do not carry, a short code of it, always the same."""
    found = plain(name).replace(" ", "-")
    return found if found.isascii() else f"d-{hashlib.sha256(found.encode()).hexdigest()[:8]}"


def _by_link(here: Sequence[Known], said: str) -> Known | None:
    return _one(here, ("link",), said) or next(
        (each for each in here if each.on == "link" and not each.word.isascii() and plain(carried(each.word)) == said), None
    )


def _one(here: Sequence[Known], on: Sequence[str], word: str) -> Known | None:
    return next((each for each in here if word and each.on in on and each.word == word), None)
