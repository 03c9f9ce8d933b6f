"""What an organisation has that dialogs can speak of: for the checks, and for what the editor lets people choose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import msgspec

from buergerdraht.accounts.models import Organisation, Team
from buergerdraht.appointments.models import Offer
from buergerdraht.cases.models import Category
from buergerdraht.connectors.contract import Content, Plan
from buergerdraht.contacts import approved
from buergerdraht.contacts.models import Topic
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import checking, document, lookups, shelf, world
from buergerdraht.dialogs.checking import Finding
from buergerdraht.dialogs.models import Dialog, System, Table, Word
from buergerdraht.dialogs.world import VALUES
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

MOST_PLANNED = 5_000
_planned: dict[tuple[str, bytes], Plan] = {}


class House:
    """Everything of one organisation a step can name, each asked once and only when wanted."""

    def __init__(self, organisation: Organisation, dialog: Dialog | None = None) -> None:
        self.organisation, self.dialog = organisation, dialog

    @cached_property
    def tables(self) -> dict[str, tuple[str, Sequence[str]]]:
        rows = Table.objects.filter(organisation=self.organisation).values_list("key", "title", "columns")
        return {key: (title, columns) for key, title, columns in rows}

    @cached_property
    def topics(self) -> dict[str, str]:
        return {each.key: each.title_in("de") for each in Topic.objects.filter(organisation=self.organisation, active=True)}

    @cached_property
    def teams(self) -> list[str]:
        return list(Team.objects.filter(organisation=self.organisation).values_list("name", flat=True))

    @cached_property
    def offers(self) -> dict[str, str]:
        rows = Offer.objects.filter(organisation=self.organisation, active=True).values_list("key", "title")
        return {key: title.get(self.organisation.language) or next(iter(title.values()), key) for key, title in rows}

    @cached_property
    def categories(self) -> dict[str, str]:
        rows = Category.objects.filter(organisation=self.organisation, active=True)
        return {row.key: row.title_in(self.organisation.language) for row in rows}

    @cached_property
    def systems(self) -> dict[str, str]:
        return dict(System.objects.filter(organisation=self.organisation, active=True).values_list("key", "title"))

    @cached_property
    def dialogs(self) -> dict[str, str]:
        rows = Dialog.objects.filter(organisation=self.organisation, archived_at=None).exclude(live=None)
        return {key: title for key, title in rows.values_list("key", "title") if self.dialog is None or key != self.dialog.key}

    @cached_property
    def kinds(self) -> list[str]:
        """The messengers in use on which people answer, else all there are."""
        able = [each.kind for each in channels.talking()]
        rows = Channel.objects.filter(organisation=self.organisation, kind__in=able).order_by("kind")
        return list(rows.values_list("kind", flat=True).distinct()) or able

    @cached_property
    def windows(self) -> dict[str, checking.Window]:
        """Of the messengers that run and close theirs; a template counts where every channel of the kind has it."""
        found: dict[str, checking.Window] = {}
        for channel in Channel.objects.filter(organisation=self.organisation, state=Channel.State.RUNNING).order_by("kind", "pk"):
            limits = channels.limits_of(channel.kind)
            if not limits.window_hours:
                continue
            names = frozenset(approved.names(self.organisation, VALUES, channel)) if limits.templates else None
            before = found.get(channel.kind)
            both = names & before.templates if before and names is not None and before.templates is not None else names
            found[channel.kind] = checking.Window(limits.window_hours, both)
        return found

    @cached_property
    def templates(self) -> list[str]:
        return approved.names(self.organisation, VALUES)

    def known(self) -> checking.Known:
        own = self.dialog.pk if self.dialog else None
        words = Word.objects.filter(organisation=self.organisation, on="words").exclude(dialog=own).values_list("word", "dialog__title")
        wanted = named_files(document.load(self.dialog.draft)) if self.dialog else []
        return checking.Known(
            tables={key: columns for key, (_title, columns) in self.tables.items()},
            topics=frozenset(self.topics), teams=frozenset(self.teams), offers=frozenset(self.offers),
            categories=frozenset(self.categories),
            systems=frozenset(self.systems), dialogs=frozenset(self.dialogs) | ({self.dialog.key} if self.dialog else set()),
            files=shelf.names(self.organisation.pk) | shelf.find(self.organisation.pk, wanted).keys(),
            rows=partial(lookups.rows, self.organisation.pk),
            answers=self._part_answers(), words={plain(word): title for word, title in words}, kinds=self.kinds,
            windows=self.windows, plan=planned, title=channels.title,
        )  # fmt: skip

    def _part_answers(self) -> frozenset[str]:
        """The names under which live dialogs keep answers that this one walks through as parts, and those they walk through."""
        open_ = _parts(document.load(self.dialog.draft)) if self.dialog else []
        if not open_:
            return frozenset()
        live = dict(Dialog.objects.filter(organisation=self.organisation, archived_at=None).exclude(live=None).values_list("key", "live"))
        found: set[str] = set()
        seen: set[str] = set()
        while open_:
            key = open_.pop()
            read = world.readable(live[key]) if key in live and key not in seen else None
            seen.add(key)
            if read is not None:
                found |= checking.saved_names(read)
                open_ += _parts(read)
        return frozenset(found)


def planned(kind: str, content: Content) -> Plan:
    """How a messenger shows a content; remembered, because the editor asks for all of a dialog at every change."""
    asked = (kind, msgspec.json.encode(content))
    found = _planned.get(asked)
    if found is None:
        if len(_planned) >= MOST_PLANNED:
            _planned.clear()
        found = _planned[asked] = channels.plan_of(kind, content)
    return found


def findings(dialog: Dialog) -> list[Finding]:
    """What would go wrong in a draft, in this house as it is now."""
    return checking.find(document.load(dialog.draft), House(dialog.organisation, dialog).known())


def _parts(read: document.Dialog) -> list[str]:
    """The dialogs one walks through on the way through this one, and comes back from."""
    return [step.dialog for step in read.steps if isinstance(step, document.Start) and not step.instead]


def named_files(read: document.Dialog) -> list[str]:
    """What a document calls its files: names, ids, or placeholders that rows of tables fill."""
    return [each.file for step in read.steps if isinstance(step, document.Say | document.Question) for each in step.files]
