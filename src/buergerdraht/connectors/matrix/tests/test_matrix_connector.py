"""Calls and answers one by one, against a homeserver that plays back answers. The whole is tried in tests/test_matrix_homeservers.py."""

from typing import Any

import pytest
from aiohttp import web

from buergerdraht.connectors import learned
from buergerdraht.connectors.called import Called
from buergerdraht.connectors.conftest import Provider
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    MediaKind,
    Ref,
    Rejected,
    SendError,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.matrix import connector as module
from buergerdraht.connectors.matrix import names
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.connector import Matrix
from buergerdraht.connectors.matrix.rooms import rooms

ADDRESS = "@ada:stadt.example !raum:stadt.example"
SENT = {"event_id": "$neu"}
THERE = {"chunk": [{"state_key": who, "content": {"membership": "join"}} for who in ("@rathaus:stadt.example", "@ada:stadt.example")]}


class Homeserver(Provider):
    """Says of every room that Ada is alone with us in it, and plays back the other answers."""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(THERE) if request.path.endswith("/members") else await super()._answer(request)


@pytest.fixture
def provider() -> type[Homeserver]:
    return Homeserver


def matrix(host: str, http: Any) -> Matrix:
    made = Matrix(MatrixConfig(host=host, server="stadt.example", as_token="geheim-as", hs_token="geheim-hs"), http)
    made.rooms.note("!raum:stadt.example", ["@ada:stadt.example"])  # we have looked into it
    return made


def refusal(errcode: str, **more: Any) -> dict[str, Any]:
    return {"errcode": errcode, "error": f"words with geheim-as and +49 171 3920011 {errcode}", **more}


async def send(connector: Matrix, files: Any, address: str = ADDRESS) -> Any:
    return await connector.send(connector.plan(Content(text="Hallo")).parts[0], address, token="42.0", files=files)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(learned, "FOLDER", None)
    rooms.cache_clear()


async def test_a_text_is_put_with_our_token_as_its_number(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as server:
        sent = await send(matrix(server.url, http), files)
    assert sent.external_id == "!raum:stadt.example/$neu"
    method, path, body = server.asked[0]
    assert (method, path) == ("PUT", "/_matrix/client/v3/rooms/!raum:stadt.example/send/m.room.message/42.0")
    assert body == {"msgtype": "m.text", "body": "Hallo", "de.buergerdraht.letter": "42.0"}
    assert server.headers[0]["Authorization"] == "Bearer geheim-as"


@pytest.mark.parametrize(
    ("status", "answer", "failure", "reason", "more"),
    [
        (429, refusal("M_LIMIT_EXCEEDED", retry_after_ms=4457), Temporary, "rate_limit", {"retry_after": 4.457, "limit": True}),
        (429, b"busy", Temporary, "rate_limit", {"retry_after": 1.0, "scope": "channel"}),
        (401, refusal("M_UNKNOWN_TOKEN"), ChannelBroken, "token_invalid", {}),
        (401, refusal("M_MISSING_TOKEN"), ChannelBroken, "token_invalid", {}),
        (403, refusal("M_USER_DEACTIVATED"), ChannelBroken, "account_blocked", {}),
        (403, refusal("M_CONSENT_NOT_GIVEN"), ChannelBroken, "setup", {}),
        (404, refusal("M_NOT_FOUND"), AddressGone, "not_reachable", {}),
        (413, refusal("M_TOO_LARGE"), Rejected, "content_refused", {}),
        (400, refusal("M_BAD_JSON"), Rejected, "content_refused", {}),
        (400, refusal("M_OF_TOMORROW"), Rejected, "content_refused", {}),
        (418, refusal("M_OF_TOMORROW"), Rejected, "unknown", {}),
        (500, refusal("M_UNKNOWN"), Temporary, "unavailable", {"maybe_sent": False}),
        (503, b"", Temporary, "unavailable", {"maybe_sent": False}),
        (404, b"<html>", Temporary, "unavailable", {"maybe_sent": False}),
        (200, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
    ],
)
async def test_every_answer_leads_to_one_of_four_failures(
    provider: Any, http: Any, files: Any, status: int, answer: Any, failure: type[SendError], reason: str, more: dict[str, Any]
) -> None:
    async with provider((status, answer)) as server:
        with pytest.raises(failure) as caught:
            await send(matrix(server.url, http), files)
    assert caught.value.reason == reason
    assert {name: getattr(caught.value, name) for name in more} == more
    assert "geheim" not in caught.value.details
    assert "3920011" not in caught.value.details


@pytest.mark.parametrize("first", [(502, b"<html>"), (504, b""), (0, {})])
async def test_a_torn_call_is_put_again_under_the_same_number(provider: Any, http: Any, files: Any, first: Any) -> None:
    async with provider(first, (200, SENT)) as server:
        assert (await send(matrix(server.url, http), files)).external_id.endswith("$neu")
    assert server.asked[0] == server.asked[1]


@pytest.mark.parametrize("last", [(0, {}), (500, {"errcode": "M_UNKNOWN"}), (502, b"")])
async def test_what_was_torn_and_is_not_settled_leaves_a_doubt(provider: Any, http: Any, files: Any, last: Any) -> None:
    async with provider((502, b""), *[last] * 8) as server:
        with pytest.raises(Temporary) as caught:
            await send(matrix(server.url, http), files)
    assert caught.value.maybe_sent
    assert len({path for _, path, _ in server.asked}) == 1


async def test_a_room_we_were_invited_to_is_joined_first(provider: Any, http: Any, files: Any) -> None:
    async with provider((403, refusal("M_FORBIDDEN")), (200, {"room_id": "!raum:stadt.example"}), (200, SENT)) as server:
        await send(matrix(server.url, http), files)
    assert [path.rsplit("/", 1)[0] for _, path, _ in server.asked][1] == "/_matrix/client/v3/join"


async def test_a_room_we_may_not_come_into_is_gone(provider: Any, http: Any, files: Any) -> None:
    async with provider((403, refusal("M_FORBIDDEN")), (403, refusal("M_FORBIDDEN"))) as server:
        with pytest.raises(AddressGone) as caught:
            await send(matrix(server.url, http), files)
    assert caught.value.reason == "blocked"


async def test_a_room_is_opened_once_and_remembered_at_the_homeserver(provider: Any, http: Any, files: Any) -> None:
    answers = [(404, refusal("M_NOT_FOUND")), (200, {"room_id": "!neu:stadt.example"}), (200, {}), (200, SENT), (200, SENT)]
    async with provider(*answers) as server:
        connector = matrix(server.url, http)
        for _ in range(2):
            await send(connector, files, "@ada:stadt.example")
    methods = [(method, path.split("/")[4]) for method, path, _ in server.asked]
    assert methods == [("GET", "user"), ("POST", "createRoom"), ("PUT", "user"), ("PUT", "rooms"), ("PUT", "rooms")]
    wish = server.asked[1][2]
    assert (wish["preset"], wish["visibility"], wish["is_direct"]) == ("private_chat", "private", True)
    assert (wish["invite"], wish["power_level_content_override"]) == (["@ada:stadt.example"], {"invite": 100})
    assert [state["content"] for state in wish["initial_state"]] == [{"history_visibility": "invited"}]
    assert "ada" not in server.asked[0][1]


@pytest.mark.parametrize("address", ["", "ada", "+491713920011", "@ada", "@ada:stadt.example raum", "@ada:stadt.example !a !b", "@a/b:c"])
async def test_an_address_that_is_no_name_is_gone(http: Any, files: Any, address: str) -> None:
    with pytest.raises(AddressGone):
        await send(matrix("http://127.0.0.1:9", http), files, address)


@pytest.mark.parametrize("url", ["http://boese.example/x", "mxc://a/../b", "mxc://a", "mxc://a/b?c", "", "mxc:///x"])
async def test_only_files_of_homeservers_are_fetched(http: Any, url: str) -> None:
    with pytest.raises(Rejected):
        await matrix("http://127.0.0.1:9", http).fetch(Ref(kind=MediaKind.IMAGE, external_id=url))


@pytest.mark.parametrize(
    ("method", "tail", "taken"),
    [
        ("PUT", "_matrix/app/v1/transactions/17", True),
        ("POST", "_matrix/app/v1/ping", True),
        ("PUT", "_matrix/app/v1/ping", False),
        ("PUT", "_matrix/app/v1/transactions/17/18", False),
        ("PUT", "transactions/17", False),
        ("POST", "", False),
        ("GET", "_matrix/app/v1/users/@ada:stadt.example", False),
    ],
)
def test_only_what_a_homeserver_pushes_is_stored(method: str, tail: str, taken: bool) -> None:
    found = matrix("https://a.example", None).enclose(Called(method=method, tail=tail, body=b"{}"))
    assert (found is not None) is taken


@pytest.mark.parametrize("given", ["", "geheim-hs", "Bearer", "Bearer geheim", "Bearer geheim-hs ", "bearer geheim-hs", "Bearer ä"])
def test_only_our_homeserver_is_heard(given: str) -> None:
    connector = matrix("https://a.example", None)
    connector.verify({"authorization": "Bearer geheim-hs"}, b"{}")
    with pytest.raises(Unsigned):
        connector.verify({"authorization": given}, b"{}")


def test_the_registration_is_yaml_a_homeserver_reads() -> None:
    import yaml

    config = MatrixConfig(host="https://m.stadt.example/", server="stadt.example", localpart="@rathaus:stadt.example")
    read = yaml.safe_load(config.registration("https://desk.example/webhook/matrix/x"))
    assert (read["id"], read["sender_localpart"]) == ("buergerdraht-rathaus", "rathaus")
    assert (read["as_token"], read["hs_token"]) == (config.as_token, config.hs_token)
    assert (read["rate_limited"], read["receive_ephemeral"]) == (False, True)
    assert read["namespaces"] == {"users": [], "aliases": [], "rooms": []}


@pytest.mark.parametrize("wish", [{"host": "matrix.stadt.example"}, {"server": "https://stadt.example"}, {"localpart": "Rat haus"}])
def test_a_wrong_entry_is_said(wish: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"Das ist kein|Erlaubt sind"):
        MatrixConfig(**{"host": "https://m.stadt.example", "server": "stadt.example", **wish})


def test_names_are_taken_apart_as_they_were_put_together() -> None:
    room, person, event = "!raum:stadt.example:8448", "@ada:stadt.example:8448", "$Rq/x+y"
    assert names.place(names.address(person, room)) == (person, room)
    named = names.message(room, event)
    assert (names.room_of(named), names.event_of(named)) == (room, event)
    assert (names.room_of("7001:5"), names.event_of("7001:5")) == ("", "")


def test_the_link_opens_our_account_in_any_app() -> None:
    assert matrix("https://a.example", None).link("thema", "") == "https://matrix.to/#/@rathaus:stadt.example"
