"""A Page's posts as they are planned and sent, and what people write below them. Each fixture is named after what it shows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import (
    PUBLIC,
    Choice,
    Content,
    Location,
    Malformed,
    Media,
    MediaKind,
    Received,
    Rejected,
    Temporary,
    encode,
)
from buergerdraht.connectors.facebook_page.config import FacebookPageConfig
from buergerdraht.connectors.facebook_page.connector import FacebookPage
from buergerdraht.connectors.facebook_page.payloads import parse
from buergerdraht.connectors.facebook_page.plan import plan

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAGE, PERSON = "101530000000003", "24000000000000011"
POST = f"{PAGE}_122000000000001"
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png", alt="Der Platz")
OTHER = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=18, alt="Der Markt")
LINK = Choice(id="u", title="Zum Plan", url="https://stadt.example/plan")


def the(name: str) -> Any:
    (found,) = parse((FIXTURES / f"{name}.json").read_bytes(), PAGE)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("comment", {"kind": "text", "text": "Wo genau?", "external_id": "122000000000001_900", "quote": POST}),
        ("comment_below_a_comment", {"kind": "text", "quote": "122000000000001_900"}),
        ("comment_with_picture", {"kind": "media", "text": "Wo genau?"}),
        ("comment_with_picture_alone", {"kind": "media", "text": ""}),
        ("comment_edited", {"kind": "edit", "text": "Wo denn genau?", "quote": "122000000000001_900"}),
        ("comment_removed", {"kind": "deletion", "quote": "122000000000001_900"}),
        ("visitors_post", {"kind": "text", "text": "Schöne Stadt", "quote": "", "external_id": f"{PAGE}_777"}),
    ],
)
def test_what_people_write_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert (event.sender.address, event.sender.name) == (PERSON, "Zoë Beispiel")
    assert event.at == datetime(2026, 11, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", ["our_own_comment", "our_own_post", "liked", "hidden", "a_message"])
def test_what_is_ours_or_none_of_our_business_makes_no_item(name: str) -> None:
    assert parse((FIXTURES / f"{name}.json").read_bytes(), PAGE) == []


def test_what_nobody_knows_is_kept_and_spoils_no_other() -> None:
    (unknown,) = parse((FIXTURES / "item_of_tomorrow.json").read_bytes(), PAGE)
    assert unknown.problem == "KeyError 'hologram'"
    found = parse((FIXTURES / "many_changes_some_broken.json").read_bytes(), PAGE)
    assert [item.event.text for item in found if isinstance(item.event, Received)] == ["Wo genau?", "zwei"]
    assert sum(bool(item.problem) for item in found) == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object": "instagram", "entry": []}', b'{"object": "page", "entry": 1}'])
def test_a_body_of_somebody_else_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, PAGE)


NAMES = ["field", "value", "item", "verb", "from", "id", "comment_id", "created_time", "photo", "message"]
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["field", "value", "item", "verb", "from", "id", "comment_id", "created_time", "photo", "message"]), inner
        ),
    ),
    max_leaves=10,
)


@given(st.lists(ANY, max_size=3))
def test_whatever_stands_in_a_change_parse_survives_it(changes: list[Any]) -> None:
    body = json.dumps({"object": "page", "entry": [{"changes": changes}, {"changes": changes[:1] and changes[0]}, *changes]}).encode()
    for item in parse(body, PAGE):
        assert item.event is not None or item.problem
        encode(item)


# ── Posts ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "method", "body", "notes"),
    [
        (Content(text="**Hallo**"), "feed", {"message": "Hallo"}, []),
        (
            Content(text="Mehr", choices=(LINK,)),
            "feed",
            {"message": "Mehr\n\nZum Plan: https://stadt.example/plan", "link": "https://stadt.example/plan"},
            ["links_as_text"],
        ),
        (
            Content(text="Mehr", choices=(LINK,), preview_link=False),
            "feed",
            {"message": "Mehr\n\nZum Plan: https://stadt.example/plan"},
            ["links_as_text"],
        ),
        (
            Content(text="Zwei", media=(PICTURE, OTHER)),
            "feed",
            {"message": "Zwei", "attached_media": [{"media_fbid": "{media:m1}"}, {"media_fbid": "{media:m2}"}]},
            [],
        ),
        (Content(text="Ja", quote="122000000000001_900"), "122000000000001_900/comments", {"message": "Ja"}, []),
        (
            Content(text="Ja", quote="1_2", media=(PICTURE,)),
            "1_2/comments",
            {"message": "Ja", "attachment_id": "{media:m1}"},
            ["alt_not_sent"],
        ),
        (
            Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
            "feed",
            {"message": "Rathaus\nhttps://www.openstreetmap.org/?mlat=51.500000&mlon=7.400000#map=17/51.500000/7.400000"},
            [],
        ),
    ],
)
def test_content_becomes_one_post(content: Content, method: str, body: dict[str, Any], notes: list[str]) -> None:
    planned = plan(content)
    (part,) = planned.parts
    assert (part.method, part.body) == (method, body)
    assert [note.code for note in planned.notes] == notes


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content(), "empty"),
        (Content(reaction="👍", quote="1_2"), "no_reactions"),
        (Content(text="ä" * 63_207), "too_long"),
        (Content(text="ä" * 8_001, quote="1_2"), "too_long"),
        (Content(text="x", media=(PICTURE, OTHER), quote="1_2"), "too_many_files"),
        (Content(text="x", media=(PICTURE,) * 11), "too_many_files"),
        (Content(text="x", media=(Media(id="m", kind=MediaKind.VIDEO, mime="video/mp4", size=1),)), "media_type"),
        (Content(text="x", media=(Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=10_000_001, alt="x"),)), "media_size"),
    ],
)
def test_what_a_page_cannot_show_forbids_sending(content: Content, code: str) -> None:
    assert (code, "error") in [(note.code, note.level) for note in plan(content).notes]


def test_a_picture_nobody_described_is_pointed_out() -> None:
    bare = Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=1)
    assert [(note.level, note.code) for note in plan(Content(text="x", media=(bare,))).notes] == [("warning", "alt_missing")]


def page(url: str, http: Any) -> FacebookPage:
    values = {"page_id": PAGE, "access_token": "geheimes-token", "app_secret": "wort", "username": "musterstadt"}
    return FacebookPage(FacebookPageConfig.model_validate({**values, "host": url}), http)


async def test_pictures_come_first_and_unseen(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, {"id": "P1"}), (200, {"id": POST})) as meta:
        connector = page(meta.url, http)
        (part,) = connector.plan(Content(text="Der Platz", media=(PICTURE,))).parts
        sent = await connector.send(part, PUBLIC, token="1.0", files=files)
    assert sent.external_id == POST
    assert [path.split("?")[0] for _, path, _ in meta.asked] == [f"/v25.0/{PAGE}/photos", f"/v25.0/{PAGE}/feed"]
    assert meta.asked[0][2] == {"published": "false", "source": "platz.png", "alt_text_custom": "Der Platz"}
    assert meta.asked[1][2] == {"message": "Der Platz", "attached_media": [{"media_fbid": "P1"}]}
    assert await connector.permalink(sent.external_id) == f"https://www.facebook.com/{POST}"
    assert await connector.permalink("../boese") == ""


async def test_only_the_publication_can_leave_us_in_doubt(provider: Any, http: Any, files: Any) -> None:
    for answers, doubtful in (([(0, {})], False), ([(200, {"id": "P1"}), (0, {})], True)):
        async with provider(*answers) as meta:
            connector = page(meta.url, http)
            (part,) = connector.plan(Content(media=(PICTURE,))).parts
            with pytest.raises(Temporary) as caught:
                await connector.send(part, PUBLIC, token="1.0", files=files)
        assert caught.value.maybe_sent is doubtful


async def test_an_answer_to_nothing_goes_nowhere(provider: Any, http: Any, files: Any) -> None:
    async with provider() as meta:
        connector = page(meta.url, http)
        (part,) = connector.plan(Content(text="x", quote="../me")).parts
        with pytest.raises(Rejected, match="content_refused"):
            await connector.send(part, PUBLIC, token="1.0", files=files)
    assert not meta.asked
