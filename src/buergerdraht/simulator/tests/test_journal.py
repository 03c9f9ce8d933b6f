"""The double's own count: whole, in order, and no burden on memory; and the weather it makes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from buergerdraht.simulator import town as towns
from buergerdraht.simulator.limits import Buckets
from buergerdraht.simulator.town import Account, Message, Town
from buergerdraht.simulator.weather import Weather


def message(number: int) -> Message:
    return Message(f"m{number}", "bot", f"p{number % 7}", True, "text", {}, 1.0, token=f"{number}.0")


def test_the_journal_keeps_every_line_in_order_and_can_be_read_in_pieces() -> None:
    town = Town()
    for number in range(1200):
        town.accept(message(number), "4917", "Guten Tag " * 20)
    assert [line["token"] for line in town.journal.lines()] == [f"{number}.0" for number in range(1200)]
    first, end = town.journal.read(0, 1000)
    rest, _ = town.journal.read(end)
    assert first.endswith(b"\n")
    assert (first + rest).count(b"\n") == 1200
    assert town.counts["bot"].accepted == 1200
    assert all(len(line["words"]) == 60 for line in town.journal.lines())


def test_the_journal_goes_on_after_a_restart(tmp_path: Path) -> None:
    for number in range(2):
        town = Town(journal=tmp_path / "journal")
        town.accept(message(number), "4917", "")
        town.journal.close()
    assert [line["id"] for line in Town(journal=tmp_path / "journal").journal.lines()] == ["m0", "m1"]


def test_old_messages_are_forgotten_on_the_phones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(towns, "MESSAGES_KEPT", 50)
    town = Town()
    for number in range(500):
        town.say(message(number))
        town.accept(message(number), "1", "")
    assert list(town.messages) == [f"m{number}" for number in range(450, 500)]
    assert sorted(key for chat in town.chats.values() for key in chat) == sorted(town.messages)
    assert len(list(town.journal.lines())) == 500


def test_a_saved_town_is_the_same_town(tmp_path: Path) -> None:
    town = Town()
    town.add_account(Account("telegram", "bot", "Stadt", "t:x"))
    person = town.add_person("Zoë", started=["bot"])
    town.say(message(1))
    town.save(tmp_path / "town.json")
    again = Town()
    again.load(tmp_path / "town.json")
    assert again.people == town.people
    assert again.messages == town.messages
    assert again.account_by_token("t:x", "telegram") == town.accounts["bot"]
    assert again.person_by_telegram(person.telegram_id) == person


async def test_who_calls_before_the_retry_after_is_counted_and_refused_again() -> None:
    now = [100.0]
    town = Town(clock=lambda: now[0])
    account = town.add_account(Account("telegram", "bot", "Stadt", "t:x"))
    weather = Weather(town, random.Random(1), strict=True)
    account.faults.too_many, account.faults.retry_after = 1.0, 30.0
    said, seconds = await weather.meet(account)
    assert (said, 1 <= seconds <= 30) == ("limit", True)
    account.faults.too_many = 0.0
    now[0] += 0.1
    assert (await weather.meet(account))[0] == "limit"
    assert town.counts["bot"].early == 0, "what was on its way is not early"
    now[0] += 0.5
    assert (await weather.meet(account))[0] == "limit"
    assert town.counts["bot"].early == 1
    now[0] = 100.0 + seconds
    assert await weather.meet(account) == ("", 0)


def test_buckets_that_are_full_again_are_forgotten() -> None:
    pairs = Buckets(1.0, 5.0)
    for number in range(100):
        assert pairs.take(("bot", str(number)), 10.0) == 0.0
    assert pairs.take(("bot", "x"), 100.0) == 0.0
    assert len(pairs.buckets) == 1
    assert [pairs.take(("bot", "x"), 100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 1.0]
