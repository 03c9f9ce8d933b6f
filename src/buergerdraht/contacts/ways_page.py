"""Somebody's ways on a page, their own or the desk's: a place for each, without JavaScript. The public page itself is the website's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from buergerdraht.contacts import ways
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Contact, Way
from buergerdraht.contacts.texts import say
from buergerdraht.contacts.ways import Ways

WORDS = ("ways_title", "ways_lead", "ways_never", "ways_save", "ways_reset", "ways_is_usual", "ways_must_stay", "ways_all_page")
SAVE, RESET, ALL = "wege", "wege_ueblich", "alle"


@dataclass(frozen=True)
class Row:
    """A way, the name of its field, and its place from 1; 0: not used."""

    field: str
    name: str
    place: int


@dataclass(frozen=True)
class Block:
    """The ways of one kind of message."""

    kind: str
    title: str
    rows: list[Row]
    usual: bool
    may_all: bool  # what is urgent may go on all of them
    everywhere: bool

    @property
    def places(self) -> range:
        return range(1, len(self.rows) + 1)


@dataclass(frozen=True)
class Page:
    """What the include contacts/_own_ways.html shows; `words` by their keys without "ways_"."""

    blocks: list[Block]
    words: Mapping[str, str]


def page(contact: Contact, language: str) -> Page | None:
    """Lay out somebody's ways in the language of the page; None where there is only one."""
    found = ways.ways_of(contact)
    if not found:
        return None
    words = {key.removeprefix("ways_"): say(contact.organisation, language, key) for key in WORDS}
    return Page([_block(contact, language, each) for each in found], words)


def _block(contact: Contact, language: str, each: Ways) -> Block:
    every = [*each.addresses, *each.left_out]
    rows = [Row(_field(each.kind, address.pk), ways.label(address, every), place) for place, address in enumerate(each.addresses, 1)]
    rows += [Row(_field(each.kind, address.pk), ways.label(address, every), 0) for address in each.left_out]
    return Block(
        each.kind, say(contact.organisation, language, f"ways_{each.kind}"), rows, each.usual, each.kind == Way.Kind.ALERT, each.everywhere
    )


def _field(kind: str, address: int) -> str:
    return f"weg-{kind}-{address}"


def change(contact: Contact, posted: Mapping[str, str], proof: Proof) -> bool:
    """Order the ways of the kind that was posted; False where no way would be left. Two at one place stay in the order they had."""
    kind = posted.get(SAVE) or posted.get(RESET, "")
    found = next((each for each in ways.ways_of(contact) if each.kind == kind), None)
    if found is None:
        return True
    if RESET in posted:
        ways.order(contact, kind, [], proof)
        _all(contact, kind, False, proof)
        return True
    every = [*found.addresses, *found.left_out]
    places = {each.pk: _place(posted.get(_field(kind, each.pk), "")) for each in every}
    wanted = sorted((each for each in every if places[each.pk]), key=lambda each: places[each.pk])
    if not wanted:
        return False
    names = ", ".join(f"{place}. {ways.label(each, every)}" for place, each in enumerate(wanted, 1))
    if [each.pk for each in wanted] != [each.pk for each in found.addresses]:  # as it is usual, it stays usual
        ways.order(contact, kind, wanted, replace(proof, text=names))
    _all(contact, kind, ALL in posted, proof)
    return True


def _all(contact: Contact, kind: str, wish: bool, proof: Proof) -> None:
    if kind == Way.Kind.ALERT:
        shown = "" if proof.operator else say(contact.organisation, proof.language, "ways_all_page")
        ways.send_everywhere(contact, wish, replace(proof, text=shown))


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
