"""What a connector learned of somebody ends with them, on every channel that learns, and nowhere stops an erasure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import double
import pytest
from django.conf import settings
from procrastinate.contrib.django.models import ProcrastinateJob

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import learned, registry
from buergerdraht.connectors.contract import Rejected, SendError, Temporary
from buergerdraht.gateway import learning, tasks
from buergerdraht.gateway.models import Channel


@dataclass
class Reached:
    channel: Channel
    address: str


class Learning(double.Double):
    kind: ClassVar[str] = "learning"
    forgotten: ClassVar[list[str]] = []

    def forget(self, addresses: Sequence[str]) -> None:
        Learning.forgotten.extend(addresses)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.CONNECTORS, "learning", f"{__name__}.Learning")
    registry.connector_class.cache_clear()
    Learning.forgotten = []
    yield
    registry.connector_class.cache_clear()


def channel(organisation: Organisation, kind: str, config: str = "{}") -> Channel:
    return Channel.objects.create(organisation=organisation, kind=kind, name=kind, config=config)


@pytest.mark.django_db
def test_only_who_learns_is_asked_to_forget(organisation: Organisation) -> None:
    learns, broken, other = channel(organisation, "learning"), channel(organisation, "threema"), channel(organisation, "double")
    gone = channel(organisation, "no longer there")
    learning.forget(
        [Reached(broken, "ABCD1234"), Reached(other, "anna"), Reached(gone, "x"), Reached(learns, "anna"), Reached(learns, "berta")]
    )
    assert Learning.forgotten == ["anna", "berta"]


@pytest.mark.django_db
def test_threema_forgets_keys_and_their_files(organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from buergerdraht.gateway import channels

    monkeypatch.setattr(learned, "FOLDER", tmp_path)
    values = '{"identity": "*MUSTER1", "secret": "ein-geheimes-wort", "private_key": "%s"}' % ("31" * 32)
    found = channel(organisation, "threema", values)
    book = channels.connector(found).directory  # type: ignore[attr-defined]
    for identity in ("ABCD1234", "EFGH5678"):
        book.note(identity, b"a" * 32)
        book.note(identity, b"b" * 32)
    before = len([path for path in tmp_path.rglob("*") if path.is_file()])
    learning.forget([Reached(found, "ABCD1234")])
    assert before - len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    assert book.key("ABCD1234") is None
    assert [entry.partition(":")[0] for entry in book.changed(frozenset())] == ["EFGH5678"]


class Rooms(double.Double):
    kind: ClassVar[str] = "rooms"
    left: ClassVar[list[str]] = []
    trouble: ClassVar[list[SendError]] = []

    async def leave(self, addresses: Sequence[str]) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.left.extend(addresses)


def jobs() -> list[dict[str, object]]:
    return [job.args for job in ProcrastinateJob.objects.filter(task_name="gateway.leave").order_by("id")]


@pytest.mark.django_db
def test_a_room_with_somebody_is_left_by_a_worker_who_does_not_give_up(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.CONNECTORS, "rooms", f"{__name__}.Rooms")
    found = channel(organisation, "rooms")
    Rooms.left.clear()
    Rooms.trouble[:] = [Temporary("unavailable")]
    learning.forget([Reached(found, "@rosa:stadt.example"), Reached(channel(organisation, "double"), "anna")])
    [first] = jobs()
    assert "rosa" not in str(first)
    tasks.leave(**first)
    assert Rooms.left == []
    again = jobs()[1]
    assert again["tries"] == 1
    tasks.leave(**again)
    assert Rooms.left == ["@rosa:stadt.example"]
    assert len(jobs()) == 2
    Rooms.trouble[:] = [Rejected("unknown")]
    tasks.leave(**first)
    assert len(jobs()) == 2, "what cannot be done is not tried again"


def test_what_is_learned_lies_where_all_machines_look() -> None:
    assert Path(settings.DATA) / "media" / "learned" == learned.FOLDER
