"""What became of every item of a flow: taken over, taken over otherwise, or left out. Nothing is ever silent, and nothing counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

TAKEN, CHANGED, LEFT = "taken", "changed", "left"
_WEIGHT = {TAKEN: 0, CHANGED: 1, LEFT: 2}
Ref = tuple[str, ...]  # what an item is known by: its kind, and where it stands

ACTION, ATTACHMENT, QUICK_REPLY, ROUTER, CASE, TIMEOUT, LOCALIZATION, TRIGGER, PART = (
    "action", "attachment", "quick_reply", "router", "case", "timeout", "localization", "trigger", "part",
)  # fmt: skip
TITLES = {
    ACTION: gettext_lazy("Aktion"), ATTACHMENT: gettext_lazy("Anhang"), QUICK_REPLY: gettext_lazy("Schnellantwort"),
    ROUTER: gettext_lazy("Weiche"), CASE: gettext_lazy("Fall"), TIMEOUT: gettext_lazy("Frist"),
    LOCALIZATION: gettext_lazy("Übersetzung"), TRIGGER: gettext_lazy("Auslöser"), PART: gettext_lazy("Bestandteil der Datei"),
}  # fmt: skip
MOST_NOTE = 1_900
UNREACHED = gettext_lazy("Der Weg dorthin wurde nicht übernommen; zu diesem Schritt käme niemand mehr.")


@dataclass(frozen=True)
class Entry:
    """One item that did not come over as it was. `what` is the item, `where` its place in the flow, `why` what happened and what to do."""

    kind: str
    what: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.why}"


@dataclass
class Report:
    """`imported` counts by kind; `notes` are about the flow as a whole; `unreadable` says why there is no dialog."""

    imported: Counter[str] = field(default_factory=Counter)
    changed: list[Entry] = field(default_factory=list)
    left: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: str = ""

    @property
    def total(self) -> int:
        """So many items went in; each is in one of the three lists."""
        return self.same + len(self.changed) + len(self.left)

    @property
    def same(self) -> int:
        """So many came over as they were. A template cannot ask the Counter itself: it looks for a count called "total"."""
        return self.imported.total()


@dataclass(frozen=True)
class Mark:
    """What happened to an item."""

    ref: Ref
    standing: str = TAKEN
    why: str = ""


def taken(ref: Ref) -> Mark:
    return Mark(ref)


def changed(ref: Ref, why: str | Promise) -> Mark:
    return Mark(ref, CHANGED, str(why))


def left(ref: Ref, why: str | Promise) -> Mark:
    return Mark(ref, LEFT, str(why))


@dataclass
class _Item:
    what: str
    where: str
    standing: str = ""
    why: list[str] = field(default_factory=list)


class Ledger:
    """The items of a flow. Marks may come several times for one item; the worst counts, and every sentence is kept."""

    def __init__(self) -> None:
        self.items: dict[Ref, _Item] = {}
        self.notes: list[str] = []

    def item(self, ref: Ref, what: str, where: str) -> Ref:
        self.items[ref] = _Item(what, where)
        return ref

    def mark(self, marks: Iterable[Mark]) -> None:
        for mark in marks:
            item = self.items[mark.ref]
            if not item.standing or _WEIGHT[mark.standing] > _WEIGHT[item.standing]:
                item.standing = mark.standing
            if mark.why and mark.why not in item.why:
                item.why.append(mark.why)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def leave_open_ones(self, why: str) -> None:
        """Leave out whatever nothing was said of yet."""
        for item in self.items.values():
            if not item.standing:
                item.standing, item.why = LEFT, [why]

    def close(self, unreadable: str | Promise = "") -> Report:
        """Make the report. Where there is no dialog, everything is left out."""
        unreadable = str(unreadable)
        self.leave_open_ones(unreadable or str(UNREACHED))
        report = Report(notes=list(self.notes), unreadable=unreadable)
        for ref, item in self.items.items():
            entry = Entry(ref[0], item.what, item.where, " ".join(item.why) or unreadable)
            if unreadable or item.standing == LEFT:
                report.left.append(entry)
            elif item.standing == CHANGED:
                report.changed.append(entry)
            else:
                report.imported[ref[0]] += 1
        return report
