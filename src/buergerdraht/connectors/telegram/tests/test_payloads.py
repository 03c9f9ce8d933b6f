"""What Telegram tells us, kind by kind. Each fixture is named after what it shows."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Gone, Item, Malformed, MediaKind, Received, encode
from buergerdraht.connectors.telegram.payloads import parse

FIXTURES = Path(__file__).parent.parent / "fixtures"
SPEC = Path(__file__).resolve().parents[6] / "shared/data/specs/telegram-bot-api-10.1.json"
INVENTED = {"kind_of_tomorrow", "update_of_tomorrow", "broken_message"}


def item(name: str) -> Any:
    (found,) = parse((FIXTURES / f"{name}.json").read_bytes())
    return found


def the(name: str) -> Any:
    found = item(name)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"kind": "text", "text": "Wann hat das Bürgerbüro auf?", "external_id": "7001:55"}),
        ("start_with_parameter", {"kind": "start", "start": "thema_12", "text": "/start thema_12"}),
        ("start_bare", {"kind": "start", "start": ""}),
        ("text_quoting", {"text": "Ja", "quote": "7001:54"}),
        ("text_forwarded", {"forwarded": "forwarded"}),
        ("photo_with_caption", {"kind": "media", "text": "Schlagloch"}),
        ("photo_of_an_album", {"kind": "media", "album": "13999"}),
        ("poll_is_unsupported", {"kind": "unsupported", "raw_kind": "poll"}),
        ("kind_of_tomorrow", {"kind": "unsupported", "raw_kind": "hologram"}),
        ("edited_text", {"kind": "edit", "text": "Berichtigt", "quote": "7001:55", "external_id": "7001:55:edit:100200300"}),
        (
            "press",
            {"kind": "choice", "choice": "thema:3", "text": "Müll", "quote": "7001:54", "callback": "4382", "external_id": "press:4382"},
        ),
        ("reaction", {"kind": "reaction", "text": "👍", "quote": "7001:54"}),
        ("reaction_removed", {"kind": "reaction", "text": "", "quote": "7001:54"}),
    ],
)
def test_every_kind_of_update_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert (event.sender.address, event.sender.name, event.sender.handle) == ("7001", "Zoë Beispiel", "@zoe_b")
    assert event.sender.language == "de"


@pytest.mark.parametrize(
    ("name", "kind", "external_id", "file_name"),
    [
        ("photo_with_caption", MediaKind.IMAGE, "gross", ""),
        ("video", MediaKind.VIDEO, "v", "film.mp4"),
        ("video_note", MediaKind.VIDEO, "vn", ""),
        ("animation", MediaKind.VIDEO, "an", ""),
        ("voice", MediaKind.VOICE, "vo", ""),
        ("audio", MediaKind.AUDIO, "au", "lied.mp3"),
        ("document", MediaKind.DOCUMENT, "do", "antrag.pdf"),
        ("sticker", MediaKind.STICKER, "st", ""),
    ],
)
def test_files_are_named_for_fetching(name: str, kind: MediaKind, external_id: str, file_name: str) -> None:
    (ref,) = the(name).media
    assert (ref.kind, ref.external_id, ref.file_name) == (kind, external_id, file_name)


def test_places_and_cards_are_read() -> None:
    assert the("location").location.latitude == pytest.approx(51.5135)
    assert (the("venue").location.name, the("venue").location.address) == ("Rathaus", "Markt 1")
    (card,) = the("contact").cards
    assert (card.name, card.phones) == ("Ada Muster", ("+491713920022",))


@pytest.mark.parametrize(("name", "back"), [("blocked", False), ("unblocked", True)])
def test_a_block_and_its_end_are_seen(name: str, back: bool) -> None:
    event = the(name)
    assert isinstance(event, Gone)
    assert (event.address, event.back, event.scope) == ("7001", back, "all")


@pytest.mark.parametrize("name", ["group_message", "message_of_a_bot", "pinned_message", "someone_elses_poll"])
def test_what_is_not_ours_is_no_problem(name: str) -> None:
    assert parse((FIXTURES / f"{name}.json").read_bytes()) == []


@pytest.mark.parametrize(
    ("name", "problem"), [("update_of_tomorrow", "TypeError unknown update hologram"), ("broken_message", "ValueError")]
)
def test_what_cannot_be_read_is_kept_with_the_reason(name: str, problem: str) -> None:
    found = item(name)
    assert (found.event, found.problem) == (None, problem)
    assert found.raw["update_id"] == 100200300


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"update_id":"x"}', b'{"object":"whatsapp_business_account"}'])
def test_what_is_not_telegrams_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["id", "chat", "text", "from", "date"]), inner)),
    max_leaves=12,
)


@given(JSON, st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.json"))), st.integers(0, 40))
def test_no_update_whatever_makes_parsing_fall_over(value: Any, name: str, place: int) -> None:
    data = json.loads((FIXTURES / f"{name}.json").read_text())
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []:
            places.append((node, key))
            walk(node[key])

    walk({key: inner for key, inner in data.items() if key != "update_id"})
    node, key = places[place % len(places)]
    node[key] = value
    for found in parse(json.dumps(data).encode()):
        assert encode(msgspec.json.decode(encode(found), type=Item)) == encode(found)


@pytest.mark.skipif(not SPEC.exists(), reason="the field tables of the Bot API are not here")
def test_the_fixtures_have_the_fields_of_the_bot_api() -> None:
    types = json.loads(SPEC.read_text())["types"]
    fields = {name: {field["name"]: field for field in data.get("fields", [])} for name, data in types.items()}

    def walk(value: Any, kind: str) -> None:
        if kind.startswith("Array of "):
            for one in value:
                walk(one, kind.removeprefix("Array of "))
            return
        if isinstance(value, dict) and fields.get(kind):
            assert set(value) <= set(fields[kind]), kind
            for key, inner in value.items():
                walk(inner, fields[kind][key]["types"][0])

    for path in FIXTURES.glob("*.json"):
        if path.stem not in INVENTED:
            walk(json.loads(path.read_text()), "Update")
