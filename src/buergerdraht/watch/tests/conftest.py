"""A town with one channel at a provider that reports delivery, and hands to make what watching looks at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import connection
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound, Part
from buergerdraht.watch import presence


@dataclass
class Town:
    organisation: Organisation
    channel: Channel
    operator: Operator

    def letters(self, number: int, *, channel: Channel | None = None, **values: object) -> list[Outbound]:
        """Make letters and set their columns."""
        channel = channel or self.channel
        content = outbox.store(self.organisation, Content(text="Hallo"))
        purpose = str(values.pop("purpose", "reply"))
        rows = [
            outbox.Letter(channel.pk, vault.encrypt("x"), f"hash-{n}".encode(), content.pk, purpose)
            for n in range(number)
        ]  # fmt: skip
        made = outbox.put_many(rows)
        Outbound.objects.filter(pk__in=[each.pk for each in made]).update(**values)
        return made

    def accepted(self, number: int, at: datetime, **values: object) -> list[Outbound]:
        made = self.letters(
            number, state="accepted", accepted_at=at, finished_at=at, created_at=at, parts_total=1, parts_done=1, claimed_by="e", **values
        )
        Part.objects.bulk_create([Part(outbound=each, channel=self.channel, position=0, state="accepted", at=at) for each in made])
        return made

    def person(self, name: str = "4915112345", *, wrote: datetime | None = None) -> Address:
        return contacts.meet(self.channel, Sender(address=name), wrote or timezone.now())


@pytest.fixture
def town(db: None) -> Town:
    organisation = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])
    operator = Operator.objects.create_user("a@musterstadt.example", "geheim", name="Ada Amt")
    Membership.objects.create(organisation=organisation, operator=operator, roles=["administrator"])
    channel = Channel.objects.create(organisation=organisation, kind="whatsapp", name="Nummer", config="{}", state="running")
    return Town(organisation, channel, operator)


@pytest.fixture
def tuesday() -> datetime:
    """A working day, eleven o'clock in Germany."""
    return datetime.fromisoformat("2026-11-24T11:00:00+01:00")


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    """Engine and worker are there: what is not tested here must not raise alarms of its own."""
    monkeypatch.setattr(presence, "owners", lambda: dict.fromkeys(Channel.objects.values_list("pk", flat=True), "buergerdraht engine a:1"))
    monkeypatch.setattr(presence, "worker_lives", lambda now: True)


@pytest.fixture
def jobs(db: None) -> Callable[[str], list[dict[str, object]]]:
    """The arguments of the jobs that wait, by the task's name."""

    def waiting(task: str) -> list[dict[str, object]]:
        with connection.cursor() as cursor:
            cursor.execute("select args from procrastinate_jobs where task_name = %s and status = 'todo' order by id", [task])
            return [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in cursor.fetchall()]

    return waiting
