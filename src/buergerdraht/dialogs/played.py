"""A World that only pretends: for the editor's phone, recorded examples, property tests and the yardstick of the benchmark.

What would be done is written down in `notes` instead, as (what, words), so that the phone can show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import msgspec

from buergerdraht.connectors.contract import Content, Media, MediaKind
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.document import Call, Dialog
from buergerdraht.dialogs.sentences import ours
from buergerdraht.dialogs.understanding import day_in_words
from buergerdraht.dialogs.walk import Booked, Matter, MeterSeen, Slot

NOON = datetime(2026, 11, 30, 12, tzinfo=BERLIN)  # a Monday

SEEN = MeterSeen(text="1234.5", sure=True)


@dataclass
class Played:
    dialogs: Mapping[str, Dialog] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    now: datetime = NOON
    channel: str = "whatsapp"
    form: str = "sie"
    language: str = "de"
    opened: bool = True
    organisation: str = "Stadt Musterstadt"
    name: str = "Paula Beispiel"
    fields: dict[str, str] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    busy: set[datetime] = field(default_factory=set)
    lots: list[int] = field(default_factory=list)  # what the next lots give; 0 where empty
    meter: MeterSeen = SEEN
    doubts: Sequence[str] = ()
    menu: str = "Womit kann ich Ihnen helfen?"
    said: list[Content] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    traces: list[tuple[str, str, str, str]] = field(default_factory=list)
    calls: list[tuple[int, Call, dict[str, Any]]] = field(default_factory=list)  # begun, and not yet answered
    wrong: dict[str, int] = field(default_factory=dict)
    files: Mapping[str, Media] = field(default_factory=dict)

    def sentence(self, key: str, language: str, values: Mapping[str, str]) -> str:
        return ours(key, language, self.form, **values)

    def say(self, content: Content) -> None:
        self.said.append(content)

    def dialog(self, key: str, version: int) -> Dialog | None:
        return self.dialogs.get(key)

    def live(self, key: str) -> int:
        return 0 if key in self.dialogs else -1

    def facts(self) -> Mapping[str, Any]:
        contact = {"name": self.name, "first_name": self.name.split(" ")[0], "language": self.language, "fields": self.fields}
        return {"contact": contact, "organisation": {"name": self.organisation}, "today": self.now.date().isoformat()}

    def field(self, name: str) -> str:
        return self.fields.get(name, "")

    def topics(self) -> frozenset[str]:
        return frozenset(self.subscribed)

    def labels(self) -> frozenset[str]:
        return frozenset(self.labelled)

    def office_open(self) -> bool:
        return self.opened

    def table(self, key: str) -> Sequence[Mapping[str, str]]:
        return self.tables.get(key, ())

    def keep(self, what: str, name: str, value: str) -> None:
        if what == "field":
            self.fields[name] = value
        elif what == "name":
            self.name = value
        elif what == "language":
            self.language = value
        elif what == "label":
            self.labelled.add(name)
        elif what == "unlabel":
            self.labelled.discard(name)
        self.notes.append((what, f"{name} {value}".strip()))

    def subscribe(self, topics: Sequence[str], notice: str, evidence: str) -> None:
        self.subscribed |= set(topics)
        self.notes.append(("subscribe", ", ".join(topics)))

    def unsubscribe(self, topics: Sequence[str], evidence: str) -> None:
        self.subscribed -= set(topics)
        self.notes.append(("unsubscribe", ", ".join(topics)))

    def open_case(self, matter: Matter) -> str:
        number = f"2026-{100 + len(self.notes)}"
        named = " ".join(word for word in (number, matter.category, matter.team, matter.label) if word or not matter.category)
        self.notes.append(("case", f"{named}\n{matter.summary}".strip()))
        return number

    def hand_over(self, team: str, summary: str) -> None:
        self.notes.append(("hand_over", f"{team}\n{summary}".strip()))

    def free(self, offer: str, most: int) -> Sequence[Slot]:
        found: list[Slot] = []
        for ahead in range(1, most * 2 + 3):
            day = self.now.date() + timedelta(days=ahead)
            if day.weekday() < 5 and len({each.day for each in found}) < most:
                begins = [datetime.combine(day, time(hour, minute), BERLIN) for hour in (9, 10, 11) for minute in (0, 30)]
                found += [Slot(at, self._day(at), f"{at:%H:%M}") for at in begins if at not in self.busy]
        return found[: most * 6]

    def _day(self, at: datetime) -> str:
        return day_in_words(at.date(), self.language)

    def book(self, offer: str, begins_at: datetime, note: str) -> Booked | str:
        if begins_at in self.busy:
            return "taken"
        self.busy.add(begins_at)
        self.notes.append(("book", f"{offer} {begins_at:%d.%m.%Y %H:%M}"))
        return Booked(code="K7M4", when=f"{self._day(begins_at)}, {begins_at:%H:%M}", where="Rathaus, Zimmer 1", number=1)

    def see_meter(self, kind: str, file: str, digits: int, decimals: int) -> MeterSeen:
        return self.meter

    def judge_meter(self, kind: str, number: str, value: str) -> Sequence[str]:
        return self.doubts

    def keep_meter(self, kind: str, number: str, value: str, file: str, doubts: Sequence[str]) -> None:
        self.notes.append(("meter", f"{kind} {number} {value} {', '.join(doubts)}".strip()))

    def call(self, step: Call, serial: int, facts: Mapping[str, Any]) -> bool:
        self.calls.append((serial, step, dict(facts)))
        self.notes.append(("call", step.system))
        return True

    def locked(self, system: str) -> bool:
        return self.wrong.get(system, 0) < 0

    def failed_proof(self, system: str, tries: int, minutes: int) -> bool:
        self.wrong[system] = self.wrong.get(system, 0) + 1
        if self.wrong[system] >= tries:
            self.wrong[system] = -1
        return self.wrong[system] < 0

    def make_file(self, what: str, name: str, title: str, text: str, booking: int) -> Content | None:
        mime = "application/pdf" if what == "pdf" else "text/calendar"
        return Content(media=[Media(id="made", kind=MediaKind.DOCUMENT, mime=mime, size=1_000, file_name=f"{name}.{what}")])

    def media(self, file: str, alt: str) -> Media | None:
        found = self.files.get(file)
        return msgspec.structs.replace(found, alt=alt or found.alt) if found else None

    def lot(self, ways: int) -> int:
        return min(self.lots.pop(0), ways - 1) if self.lots else 0

    def show_menu(self) -> bool:
        self.notes.append(("menu", ""))
        if self.menu:
            self.said.append(Content(text=self.menu))
        return bool(self.menu)

    def trace(self, dialog: str, step: str, what: str, text: str = "") -> None:
        self.traces.append((dialog, step, what, text))
