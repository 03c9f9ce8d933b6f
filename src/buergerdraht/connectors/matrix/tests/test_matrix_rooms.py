"""What one person is answered goes into no room that somebody else reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import Changed, Content, Gone, Received, Temporary, Wanting
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.matrix import connector
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.connector import Matrix
from buergerdraht.connectors.matrix.rooms import CROWD, rooms

ADA, MALLORY, TRAP, OWN = "@ada:s.example", "@mallory:evil.example", "!trap:evil.example", "!ada:s.example"


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    rooms.cache_clear()


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Matrix:
    config = MatrixConfig(host="https://matrix.s.example", server="s.example", as_token=request.node.name, hs_token="hs")
    return Matrix(config, Http())


def body(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": list(events)}).encode()


def says(who: str, room: str, text: str) -> dict[str, Any]:
    return {"type": "m.room.message", "room_id": room, "sender": who, "event_id": f"${text}", "origin_server_ts": 1_800_000_000_000,
            "content": {"msgtype": "m.text", "body": text}}  # fmt: skip


def is_now(who: str, room: str, membership: str, before: str, by: str = "") -> dict[str, Any]:
    return {"type": "m.room.member", "room_id": room, "sender": by or who, "state_key": who, "event_id": f"${who}{membership}",
            "origin_server_ts": 1_800_000_000_000, "content": {"membership": membership},
            "unsigned": {"prev_content": {"membership": before}}}  # fmt: skip


def test_a_room_nobody_has_looked_into_is_looked_into_first(matrix: Matrix) -> None:
    with pytest.raises(Wanting):
        matrix.parse(body(says(ADA, OWN, "Hallo")))
    matrix.rooms.note(OWN, [ADA])
    [item] = matrix.parse(body(says(ADA, OWN, "Hallo")))
    assert isinstance(item.event, Received)
    assert item.event.sender.address == f"{ADA} {OWN}"
    assert rooms(matrix.config.as_token).whose(OWN) == ADA


def test_an_address_does_not_move_into_a_room_of_somebody_else(matrix: Matrix) -> None:
    matrix.rooms.note(TRAP, [MALLORY])
    joined = body(is_now(ADA, TRAP, "join", "invite"))
    with pytest.raises(Wanting):
        matrix.parse(joined)
    assert matrix.rooms.note(TRAP, [ADA]) == CROWD
    assert matrix.parse(joined) == []
    assert matrix.rooms.note(TRAP, [MALLORY]) == CROWD, "once seen by a third, it stays set aside"


def test_what_is_said_where_others_read_is_kept_and_answered_alone(matrix: Matrix) -> None:
    matrix.rooms.note(TRAP, [MALLORY, ADA])
    said, noted = matrix.parse(body(says(ADA, TRAP, "Wann ist Markt?")))
    assert isinstance(said.event, Received)
    assert (said.event.sender.address, said.event.sender.aliases, said.event.text) == (ADA, (), "Wann ist Markt?")
    assert isinstance(noted.event, Changed)
    assert (noted.event.what, noted.event.values) == ("crowd", {"address": ADA})
    assert matrix.parse(body(says(ADA, TRAP, "Und wo?")))[1].event.external_id == noted.event.external_id  # type: ignore[union-attr]


def test_nobody_is_gone_because_somebody_threw_them_out_of_a_crowd(matrix: Matrix) -> None:
    thrown = body(is_now(ADA, TRAP, "leave", "join", by=MALLORY))
    matrix.rooms.note(TRAP, [MALLORY, ADA])
    assert matrix.parse(thrown) == []
    matrix.rooms.note(OWN, [ADA])
    [left] = matrix.parse(body(is_now(ADA, OWN, "leave", "join")))
    assert isinstance(left.event, Gone)


def test_nobody_is_gone_by_what_somebody_else_does(matrix: Matrix) -> None:
    """An invitation that is withdrawn, a person thrown out: neither has said anything to us."""
    matrix.rooms.note(TRAP, [MALLORY])
    assert matrix.parse(body(is_now(ADA, TRAP, "leave", "invite", by=MALLORY))) == []
    assert matrix.parse(body(is_now(ADA, TRAP, "leave", "invite"))) == [], "they declined somebody else's invitation"
    matrix.rooms.note(OWN, [ADA])
    [declined] = matrix.parse(body(is_now(ADA, OWN, "leave", "invite")))
    assert isinstance(declined.event, Gone)
    assert declined.event.address == ADA


def inside(*people: str) -> tuple[int, dict[str, Any]]:
    return 200, {"chunk": [{"state_key": who, "content": {"membership": "join"}} for who in ("@rathaus:s.example", *people)]}


OPENED = ((404, {}), (200, {"room_id": OWN}), (200, {}), inside(ADA))


def asked(server: Any) -> list[str]:
    """What was called, each by the word that tells it."""
    return [
        next(word for word in ("members", "leave", "account_data", "createRoom", "send") if word in path) for _, path, _ in server.asked
    ]


@pytest.mark.parametrize("known", [[], [ADA]])
async def test_an_answer_looks_right_before_it_goes_whatever_was_seen_before(
    provider: Any, files: Any, known: list[str], request: pytest.FixtureRequest
) -> None:
    async with provider(inside(ADA, MALLORY), (200, {}), *OPENED, (200, {"event_id": "$1"})) as server:
        http = Http()
        matrix = Matrix(MatrixConfig(host=server.url, server="s.example", as_token=request.node.name, hs_token="hs"), http)
        matrix.rooms.note(TRAP, known)
        part = matrix.plan(Content(text="Ihre Beratung")).parts[0]
        sent = await matrix.send(part, f"{ADA} {TRAP}", token="1.0", files=files)
        await http.close()
    assert sent.external_id == f"{OWN}/$1"
    assert asked(server) == ["members", "leave", "account_data", "createRoom", "account_data", "members", "send"]


async def test_a_torn_answer_is_not_put_again_where_a_third_came_in(
    provider: Any, files: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(connector, "AGAIN_SECONDS", (0.0, 0.0))
    async with provider(inside(ADA), (502, b""), inside(ADA, MALLORY), (200, {})) as server:
        http = Http()
        matrix = Matrix(MatrixConfig(host=server.url, server="s.example", as_token=request.node.name, hs_token="hs"), http)
        part = matrix.plan(Content(text="Ihre Beratung")).parts[0]
        with pytest.raises(Temporary) as caught:
            await matrix.send(part, f"{ADA} {OWN}", token="1.0", files=files)
        await http.close()
    assert caught.value.maybe_sent
    assert asked(server) == ["members", "send", "members", "leave"]


async def test_who_is_followed_into_every_room_is_told_nothing(provider: Any, files: Any, request: pytest.FixtureRequest) -> None:
    followed = [each for _ in range(connector.MOST_ROOMS) for each in (*OPENED[:3], inside(ADA, MALLORY), (200, {}))]
    for number in range(connector.MOST_ROOMS):
        followed[5 * number + 1] = (200, {"room_id": f"!{number}:s.example"})
    async with provider(*followed) as server:
        http = Http()
        matrix = Matrix(MatrixConfig(host=server.url, server="s.example", as_token=request.node.name, hs_token="hs"), http)
        with pytest.raises(Temporary) as caught:
            await matrix.send(matrix.plan(Content(text="Ihre Beratung")).parts[0], ADA, token="1.0", files=files)
        await http.close()
    assert not caught.value.maybe_sent
    assert "send" not in asked(server)


async def test_who_is_in_a_room_is_asked_and_a_crowd_is_left(provider: Any) -> None:
    there = {"chunk": [{"state_key": who, "content": {"membership": what}} for who, what in
                       (("@rathaus:s.example", "join"), (ADA, "join"), (MALLORY, "invite"))]}  # fmt: skip
    async with provider((200, there), (200, {})) as server:
        http = Http()
        matrix = Matrix(MatrixConfig(host=server.url, server="s.example", as_token="crowd-token", hs_token="hs"), http)
        await matrix.learn([body(says(ADA, TRAP, "Hallo")), b"[]"])
        await http.close()
    assert [(method, path.partition("?")[0].rpartition("/")[2]) for method, path, _ in server.asked] == [
        ("GET", "members"),
        ("POST", "leave"),
    ]
    assert matrix.rooms.whose(TRAP) == CROWD
