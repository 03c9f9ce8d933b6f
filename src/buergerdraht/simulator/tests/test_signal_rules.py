"""signal-cli's rules as tables: what is refused and with which code, what marks mean, who hears what."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.providers import signal_rules as rules
from buergerdraht.simulator.providers.signal import Signal
from buergerdraht.simulator.providers.signal_rules import Refusal
from buergerdraht.simulator.town import Account, Person, Town

PNG = "data:image/png;filename=a.png;base64," + base64.b64encode(b"png").decode()


class Clock:
    now = 1_796_030_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def double(clock: Clock) -> Signal:
    town = Town(clock)
    return Signal(town, Delivery(town))


@pytest.fixture
def account(double: Signal) -> Account:
    return double.town.add_account(double.account({"name": "Stadt", "number": "+493023125110"}, 1))


@pytest.fixture
def zoe(double: Signal) -> Person:
    return double.town.add_person("Zoë", hidden=True)


async def code(double: Signal, account: Account, **params: Any) -> int:
    try:
        await double.do_send(account, params)
    except Refusal as refusal:
        return refusal.code
    return 0


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"message": "Hallo"}, 0),
        ({"message": "ä" * 32_768}, 0),
        ({"message": "ä" * 32_769}, -1),
        ({"message": ""}, -1),
        ({"message": None, "attachment": PNG}, 0),
        ({"message": "x", "attachment": [PNG, PNG]}, 0),
        ({"message": "x", "attachment": "/etc/passwd"}, -32603),
        ({"message": "x", "attachment": "data:image/png;base64,%%%"}, -32603),
        ({"message": "x", "attachment": "data:image/png;base64,"}, -32603),
        ({"message": "x", "textStyle": ["0:1:BOLD"]}, 0),
        ({"message": "x", "textStyle": "0:1:BOLD"}, 0),
        ({"message": "x", "textStyle": ["0:2:BOLD"]}, -1),
        ({"message": "😀", "textStyle": ["0:2:BOLD"]}, 0),
        ({"message": "x", "textStyle": ["0:1:RED"]}, -1),
        ({"message": "x", "textStyle": ["BOLD"]}, -1),
        ({"message": "x", "quoteTimestamp": 5, "quoteAuthor": "+493023125110"}, 0),
        ({"message": "x", "quoteTimestamp": 5}, -1),
        ({"message": "x", "quoteTimestamp": "5", "quoteAuthor": "+493023125110"}, -1),
        ({"message": "", "sticker": "9acc9e8aba563d26a4994e69263e3b25:3"}, 0),
        ({"message": "", "sticker": "paket:3"}, -1),
        ({"message": "x", "recipient": []}, -1),
        ({"message": "x", "recipient": ["+491713920099"]}, -1),
    ],
)
async def test_a_message_is_taken_or_refused(double: Signal, account: Account, zoe: Person, params: dict[str, Any], expected: int) -> None:
    assert await code(double, account, **{"recipient": [double.address(account, zoe)], **params}) == expected


@pytest.mark.parametrize(
    ("source", "text", "stretches"),
    [
        ("**fett** *schräg* ~weg~ `code` ||geheim||", "fett schräg weg code geheim",
         ["0:4:BOLD", "5:6:ITALIC", "12:3:STRIKETHROUGH", "16:4:MONOSPACE", "21:6:SPOILER"]),
        ("👋🏾**abc**", "👋🏾abc", ["4:3:BOLD"]),
        ("||**beides**||", "beides", ["0:6:BOLD", "0:6:SPOILER"]),
        (r"\*kein\* \**auch\** \~nicht\~", "*kein* **auch** ~nicht~", []),
        (r"ein \ bleibt, \| nicht", r"ein \ bleibt, | nicht", []),
        ("2 * 3 = 6", "2  3 = 6", []),  # what opens and does not close is gone
    ],
)  # fmt: skip
def test_marks_of_the_rest_api(source: str, text: str, stretches: list[str]) -> None:
    assert rules.styled(source) == (text, stretches)


async def test_failures_are_told_with_the_results_of_those_they_were_for(double: Signal, account: Account, zoe: Person) -> None:
    zoe.reachable = False
    with pytest.raises(Refusal) as refusal:
        await double.do_send(account, {"recipient": [double.address(account, zoe)], "message": "x"})
    body = refusal.value.body()
    assert (body["code"], body["message"]) == (-1, "Failed to send message")
    assert body["data"]["response"]["results"][0]["type"] == "UNREGISTERED_FAILURE"


async def test_a_key_that_changed_is_not_written_to_until_it_is_trusted(double: Signal, account: Account, zoe: Person) -> None:
    key = double.address(account, zoe)
    assert await code(double, account, recipient=key, message="x") == 0
    await double.change(account, "key", {"person": zoe.id})
    assert await code(double, account, recipient=key, message="x") == -4
    with pytest.raises(Refusal):
        await double.do_trust(account, {"recipient": key})
    await double.do_trust(account, {"recipient": key, "trustAllKnownKeys": True})
    assert await code(double, account, recipient=key, message="x") == 0


async def test_a_riddle_holds_until_its_own_answer_comes(double: Signal, account: Account, zoe: Person) -> None:
    key = double.address(account, zoe)
    challenge = (await double.change(account, "captcha", {}))["challenge"]
    with pytest.raises(Refusal) as limited:
        await double.do_send(account, {"recipient": key, "message": "x"})
    assert limited.value.results == [{"recipientAddress": {}, "type": "RATE_LIMIT_FAILURE", "token": challenge, "retryAfterSeconds": 86400}]
    for wrong in ({"challenge": "anders", "captcha": "signalcaptcha://ja"}, {"challenge": challenge, "captcha": "ja"}, {}):
        with pytest.raises(Refusal) as refused:
            await double.do_submitratelimitchallenge(account, wrong)
        assert refused.value.code == -6
    await double.do_submitratelimitchallenge(account, {"challenge": challenge, "captcha": "signalcaptcha://ja"})
    assert await code(double, account, recipient=key, message="x") == 0


async def test_ten_are_lent_and_then_one_a_second_is_taken(double: Signal, account: Account, zoe: Person, clock: Clock) -> None:
    key = double.address(account, zoe)
    assert [await code(double, account, recipient=key, message="x") for _ in range(11)] == [0] * 10 + [-5]
    assert double.town.counts[account.id].limited == 1
    clock.now += 1
    assert await code(double, account, recipient=key, message="x") == 0


async def test_moments_are_names_and_no_two_are_alike(double: Signal, account: Account, zoe: Person) -> None:
    told = [await double.do_send(account, {"recipient": double.address(account, zoe), "message": "x"}) for _ in range(5)]
    assert len({one["timestamp"] for one in told}) == 5


async def test_who_is_blocked_hears_nothing_and_tells_nothing(double: Signal, account: Account, zoe: Person) -> None:
    double.block(account, zoe, blocked=True)
    assert await code(double, account, recipient=double.address(account, zoe), message="x") == 0
    assert double.town.counts[account.id].accepted == 1
    assert not double.town.chats.get((account.id, zoe.id))
    with pytest.raises(CannotDo):
        double.write(account, zoe, "Hallo")


@pytest.mark.parametrize(("door", "kept"), [("daemon", 1), ("rest", 0)])
async def test_what_nobody_hears_waits_behind_the_daemon_only(double: Signal, account: Account, zoe: Person, door: str, kept: int) -> None:
    account.data["door"] = door
    double.write(account, zoe, "Niemand da?")
    assert len(double.waiting[account.id]) == kept
    async with double.listening(account) as queue:
        assert queue.qsize() == kept


async def test_events_since_a_known_one_are_told_again_and_all_where_it_is_unknown(double: Signal, account: Account, zoe: Person) -> None:
    async with double.listening(account) as queue:
        for text in ("a", "b", "c"):
            double.write(account, zoe, text)
        names = [queue.get_nowait()[0] for _ in range(3)]
    async with double.listening(account, names[0]) as queue:
        assert [queue.get_nowait()[0] for _ in range(queue.qsize())] == names[1:]
    async with double.listening(account, "von-gestern") as queue:
        assert queue.qsize() == 3


async def test_a_choice_is_answered_with_its_number(double: Signal, account: Account, zoe: Person) -> None:
    await double.do_send(account, {"recipient": double.address(account, zoe), "message": "Was?\n1. Ja, gern\n2. Nein"})
    message = double.town.messages[double.town.chats[account.id, zoe.id][0]]
    assert double.choices(message) == ["Ja, gern", "Nein"]
    double.tap(account, zoe, message, "Nein")
    assert double.town.messages[double.town.chats[account.id, zoe.id][-1]].data["text"] == "2"
    with pytest.raises(CannotDo):
        double.tap(account, zoe, message, "Vielleicht")
