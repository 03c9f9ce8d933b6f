"""Posts on Threads as they are planned and made, and the answers to them. Each fixture is named after what it shows."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import (
    PUBLIC,
    AddressGone,
    ChannelBroken,
    Choice,
    Content,
    Malformed,
    Media,
    MediaKind,
    Received,
    Rejected,
    SendError,
    Temporary,
    encode,
)
from buergerdraht.connectors.threads import connector as module
from buergerdraht.connectors.threads.config import ThreadsConfig
from buergerdraht.connectors.threads.connector import Threads
from buergerdraht.connectors.threads.payloads import parse
from buergerdraht.connectors.threads.plan import length, plan

FIXTURES = Path(__file__).parent.parent / "fixtures"
OWN = "stadt.musterstadt"
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png", alt="Der Platz")
FILM = Media(id="m2", kind=MediaKind.VIDEO, mime="video/mp4", size=18)


def the(name: str) -> Any:
    (found,) = parse((FIXTURES / f"{name}.json").read_bytes(), OWN)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reply", {"kind": "text", "text": "Wo genau?", "external_id": "17900000000000900", "quote": "17900000000000001"}),
        ("reply_in_a_list", {"kind": "text", "text": "Wo genau?", "external_id": "17900000000000900"}),
        ("reply_with_number_as_id", {"external_id": "17900000000000900"}),
        ("picture_without_words", {"kind": "unsupported", "raw_kind": "IMAGE"}),
        ("mention", {"kind": "text", "quote": ""}),
        ("deleted", {"kind": "deletion", "quote": "17900000000000900"}),
    ],
)
def test_what_people_write_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert (event.sender.address, event.sender.handle) == ("zoe.beispiel", "@zoe.beispiel")
    assert event.at == datetime(2026, 11, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", ["our_own_reply", "published"])
def test_what_is_ours_makes_no_item(name: str) -> None:
    assert parse((FIXTURES / f"{name}.json").read_bytes(), OWN) == []


def test_what_nobody_knows_is_kept_and_spoils_no_other() -> None:
    (unknown,) = parse((FIXTURES / "field_of_tomorrow.json").read_bytes(), OWN)
    assert unknown.problem == "KeyError 'holograms'"
    found = parse((FIXTURES / "many_values_some_broken.json").read_bytes(), OWN)
    assert [item.event.text for item in found if isinstance(item.event, Received)] == ["Wo genau?", "zwei"]
    assert sum(bool(item.problem) for item in found) == 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"topic": "moderate"}', b'{"topic": 1, "values": []}', b'{"topic": "x", "values": 1}']
)
def test_a_body_of_somebody_else_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, OWN)


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["field", "value", "id", "username", "text", "timestamp", "replied_to"]), inner),
    ),
    max_leaves=10,
)


@given(ANY)
def test_whatever_stands_in_a_value_parse_survives_it(value: Any) -> None:
    for field in ("replies", "delete", "mentions"):
        body = json.dumps({"topic": "moderate", "time": 1, "values": [value, {"field": field, "value": value}]}).encode()
        for item in parse(body, OWN):
            assert item.event is not None or item.problem
            encode(item)


# ── Posts ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (Content(text="**Hallo**"), {"text": "Hallo", "media_type": "TEXT"}),
        (Content(text="Ja", quote="17900000000000900"), {"text": "Ja", "media_type": "TEXT", "reply_to_id": "17900000000000900"}),
        (
            Content(text="Platz", media=(PICTURE,)),
            {"text": "Platz", "media_type": "IMAGE", "image_url": "{media:m1}", "alt_text": "Der Platz"},
        ),
        (
            Content(media=(PICTURE, FILM)),
            {
                "media_type": "CAROUSEL",
                "children": [
                    {"media_type": "IMAGE", "image_url": "{media:m1}", "alt_text": "Der Platz"},
                    {"media_type": "VIDEO", "video_url": "{media:m2}"},
                ],
            },
        ),
    ],
)
def test_content_becomes_one_post(content: Content, body: dict[str, Any]) -> None:
    (part,) = plan(content).parts
    assert part.body == body


LINKS = tuple(Choice(id=f"u{number}", title=f"Seite {number}", url=f"https://stadt.example/{number}") for number in range(6))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content(), "empty"),
        (Content(reaction="👍", quote="1"), "no_reactions"),
        (Content(text="ä" * 501), "too_long"),
        (Content(text="😀" * 126), "too_long"),
        (Content(text="x", choices=LINKS), "too_many_links"),
        (Content(text="x", media=(PICTURE,) * 21), "too_many_files"),
        (Content(text="x", media=(Media(id="m", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1),)), "media_type"),
        (Content(text="x", media=(Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=8_000_001, alt="x"),)), "media_size"),
        (Content(text="x", media=(Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=1, alt="x" * 1001),)), "alt_too_long"),
    ],
)
def test_what_threads_does_not_take_forbids_sending(content: Content, code: str) -> None:
    assert (code, "error") in [(note.code, note.level) for note in plan(content).notes]


def test_as_much_as_fits_is_taken() -> None:
    for content in (Content(text="ä" * 500), Content(text="😀" * 125), Content(text="x", choices=LINKS[:5])):
        assert not [note for note in plan(content).notes if note.level == "error"]
    assert (length("„ä“–"), length("😀"), length("❤")) == (4, 4, 3)


TEXT = st.text(alphabet=st.sampled_from("abcäöß 😀*_~`[]()\\-\n.,:&"), max_size=200)


@given(
    st.builds(
        Content, title=TEXT, text=TEXT, footer=st.text("abc .", max_size=40), media=st.lists(st.sampled_from([PICTURE, FILM]), max_size=3)
    )
)
def test_a_post_that_may_go_keeps_the_limits_written_down_a_second_time(content: Content) -> None:
    planned = plan(content)
    assert len(planned.parts) <= 1
    if any(note.level == "error" for note in planned.notes):
        return
    body = planned.parts[0].body
    text = body.get("text", "")
    assert sum(len(sign.encode()) if ord(sign) > 0xFFFF else 1 for sign in text) <= 500
    assert len(set(re.findall(r"https?://\S+", text))) <= 5
    assert body["media_type"] in {"TEXT", "IMAGE", "VIDEO", "CAROUSEL"}
    assert (body["media_type"] == "CAROUSEL") == (len(content.media) > 1)


# ── The two steps ─────────────────────────────────────────────────────────


class Lent:
    async def lend(self, media: Media) -> str:
        return f"https://stadt.example/leihe/{media.id}"

    async def read(self, media: Media) -> bytes:
        raise AssertionError("Threads takes no upload")

    async def uploaded(self, media: Media) -> str | None:
        return None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        return None


READY = (200, {"id": "C1", "status": "FINISHED"})


def threads(url: str, http: Any, **more: str) -> Threads:
    values = {"user_id": "111222333", "access_token": "geheimes-token", "app_secret": "wort", "username": OWN, "token_until": "2099-01-01"}
    return Threads(ThreadsConfig.model_validate({**values, "host": url, **more}), http)


async def post(connector: Threads, content: Content, files: Any = None) -> Any:
    (part,) = connector.plan(content).parts
    return await connector.send(part, PUBLIC, token="1.0", files=files or Lent())


async def test_a_post_is_contained_looked_at_and_published(provider: Any, http: Any) -> None:
    async with provider((200, {"id": "C1"}), READY, (200, {"id": "17900000000000001"})) as meta:
        sent = await post(threads(meta.url, http), Content(text="Hallo"))
    assert sent.external_id == "17900000000000001"
    assert [(method, path.split("?")[0]) for method, path, _ in meta.asked] == [
        ("POST", "/v1.0/111222333/threads"),
        ("GET", "/v1.0/C1"),
        ("POST", "/v1.0/111222333/threads_publish"),
    ]
    assert meta.asked[2][2] == {"creation_id": "C1"}
    assert "appsecret_proof" not in meta.asked[0][1]


async def test_several_pictures_are_contained_one_by_one(provider: Any, http: Any) -> None:
    answers = [(200, {"id": "A"}), (200, {"id": "B"}), READY, READY, (200, {"id": "C1"}), READY, (200, {"id": "1"})]
    async with provider(*answers) as meta:
        await post(threads(meta.url, http), Content(text="Zwei", media=(PICTURE, FILM)))
    made = [body for method, path, body in meta.asked if method == "POST"]
    assert made[0] == {
        "media_type": "IMAGE", "image_url": "https://stadt.example/leihe/m1", "alt_text": "Der Platz", "is_carousel_item": True,
    }  # fmt: skip
    assert made[1]["video_url"] == "https://stadt.example/leihe/m2"
    assert made[2] == {"text": "Zwei", "media_type": "CAROUSEL", "children": "A,B"}


async def test_files_that_cannot_be_lent_are_refused(provider: Any, http: Any, files: Any) -> None:
    async with provider() as meta:
        with pytest.raises(Rejected, match="media_refused"):
            await post(threads(meta.url, http), Content(media=(PICTURE,)), files)
    assert not meta.asked


@pytest.mark.parametrize(
    ("answers", "failure", "maybe_sent"),
    [
        ([(0, {})], Temporary, False),
        ([(502, b"<html>")], Temporary, False),
        ([(200, {"id": "C1"}), (200, {"status": "ERROR", "error_message": "FAILED_DOWNLOADING_IMAGE"})], Rejected, None),
        ([(200, {"id": "C1"}), (200, {"status": "EXPIRED"})], Temporary, False),
        ([(200, {"id": "C1"}), READY, (0, {}), READY], Temporary, True),  # perhaps it is being published at this moment
        ([(200, {"id": "C1"}), READY, (502, b"<html>"), READY], Temporary, True),
        ([(200, {"id": "C1"}), READY, (0, {}), (200, {"status": "ERROR"})], Temporary, False),
        ([(200, {"id": "C1"}), READY, (0, {}), (0, {})], Temporary, True),
        ([(200, {"id": "C1"}), READY, (0, {}), (200, {"status": "IN_PROGRESS"})], Temporary, True),
        ([(200, {"id": "C1"}), READY, (400, {"error": {"code": 190}})], ChannelBroken, None),
        ([(400, {"error": {"code": 100, "message": "THREADS_API__LINK_LIMIT_EXCEEDED"}})], Rejected, None),
        ([(400, {"error": {"code": 551}})], Rejected, None),
    ],
)
async def test_how_a_post_ends_is_told_honestly(
    provider: Any, http: Any, monkeypatch: pytest.MonkeyPatch, answers: list[Any], failure: type[SendError], maybe_sent: bool | None
) -> None:
    monkeypatch.setattr(module, "LOOKS", (0.0,))
    async with provider(*answers) as meta:
        with pytest.raises(failure) as caught:
            await post(threads(meta.url, http), Content(text="Hallo"))
    assert not isinstance(caught.value, AddressGone)
    assert getattr(caught.value, "maybe_sent", None) is maybe_sent


async def test_a_publication_without_answer_is_found_again(provider: Any, http: Any) -> None:
    published, newest = (200, {"status": "PUBLISHED"}), (200, {"data": [{"id": "17900000000000001"}]})
    async with provider((200, {"id": "C1"}), READY, (0, {}), published, newest) as meta:
        assert (await post(threads(meta.url, http), Content(text="Hallo"))).external_id == "17900000000000001"
    async with provider((200, {"id": "C1"}), READY, (0, {}), published, (500, {})) as meta:
        assert (await post(threads(meta.url, http), Content(text="Hallo"))).external_id == "C1"


async def test_a_publication_that_runs_on_behind_a_torn_line_is_waited_for(
    provider: Any, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKS", (0.0, 0.0, 0.0))
    published, newest = (200, {"status": "PUBLISHED"}), (200, {"data": [{"id": "17900000000000001"}]})
    async with provider((200, {"id": "C1"}), READY, (0, {}), READY, (500, {}), published, newest) as meta:
        assert (await post(threads(meta.url, http), Content(text="Hallo"))).external_id == "17900000000000001"
    assert sum("threads_publish" in path for _method, path, _body in meta.asked) == 1, "published once"


@pytest.mark.parametrize(
    ("until", "answer", "renewed", "notes"),
    [
        ("", (200, {"access_token": "frisches-token", "expires_in": 5_184_000}), True, []),
        ("2099-01-01", None, False, []),
        ("2026-01-01", (200, {"access_token": "frisches-token", "expires_in": 5_184_000}), True, []),
        ("", (400, {"error": {"code": 100}}), False, []),
        ("2026-01-01", (400, {"error": {"code": 100}}), False, ["token_expires"]),
        ("2026-01-01", (0, {}), False, ["token_expires"]),
    ],
)
async def test_a_token_is_renewed_in_time(provider: Any, http: Any, until: str, answer: Any, renewed: bool, notes: list[str]) -> None:
    me, quota = (200, {"username": OWN, "name": "Stadt"}), (200, {"data": [{"quota_usage": 3, "config": {"quota_total": 250}}]})
    async with provider(me, quota, *([answer] if answer else [])) as meta:
        health = await threads(meta.url, http, token_until=until).check()
    assert bool(health.renewed) is renewed
    assert health.renewed.get("access_token", "frisches-token") == "frisches-token"
    assert [note.code for note in health.findings] == notes
    assert "geheimes-token" not in str(health.findings)
