"""What WhatsApp tells us, kind by kind. Each fixture is named after what it shows."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors import graph
from buergerdraht.connectors.contract import Changed, Gone, Item, Malformed, MediaKind, Receipt, Received, Unsigned, encode, seen_id
from buergerdraht.connectors.whatsapp.payloads import parse

FIXTURES = Path(__file__).parent.parent / "fixtures"
PERSON, PHONE = "DE.13491208655302741918", "+491713920011"


def items(name: str) -> list[Any]:
    return parse((FIXTURES / f"{name}.json").read_bytes())


def the(name: str) -> Any:
    (found,) = items(name)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"kind": "text", "text": "Wann hat das Bürgerbüro auf?", "external_id": "wamid.IN1"}),
        ("text_quoting", {"text": "Ja, gern", "quote": "wamid.OUT9"}),
        ("text_forwarded_often", {"forwarded": "often"}),
        ("image_with_caption", {"kind": "media", "text": "Schlagloch am Markt"}),
        ("reaction", {"kind": "reaction", "text": "👍", "quote": "wamid.OUT9"}),
        ("reaction_removed", {"kind": "reaction", "text": "", "quote": "wamid.OUT9"}),
        ("template_button", {"kind": "choice", "choice": "stop_news", "text": "Abmelden", "quote": "wamid.OUT9"}),
        ("button_reply", {"kind": "choice", "choice": "ja", "text": "Ja", "quote": "wamid.OUT9"}),
        ("list_reply", {"kind": "choice", "choice": "thema:3", "text": "Müll"}),
        ("flow_reply", {"kind": "unsupported", "raw_kind": "nfm_reply"}),
        ("edit", {"kind": "edit", "quote": "wamid.IN0", "text": "Berichtigt", "external_id": "wamid.IN2"}),
        ("revoke", {"kind": "deletion", "quote": "wamid.IN0", "external_id": "wamid.IN3"}),
        ("order", {"kind": "unsupported", "raw_kind": "order", "text": "Zwei Stück"}),
        ("unsupported", {"kind": "unsupported", "raw_kind": "poll_creation"}),
        ("unknown_kind_of_tomorrow", {"kind": "unsupported", "raw_kind": "hologram"}),
        ("nul_and_half_surrogate", {"kind": "text", "text": "ab\ufffdc"}),
    ],
)
def test_every_kind_of_message_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert event.sender.address == PERSON


@pytest.mark.parametrize(
    ("name", "kind", "external_id", "file_name"),
    [
        ("image_with_caption", MediaKind.IMAGE, "M1", ""),
        ("video", MediaKind.VIDEO, "M2", ""),
        ("voice", MediaKind.VOICE, "M3", ""),
        ("audio", MediaKind.AUDIO, "M4", ""),
        ("document", MediaKind.DOCUMENT, "M5", "antrag.pdf"),
        ("sticker", MediaKind.STICKER, "M6", ""),
    ],
)
def test_files_are_named_for_fetching(name: str, kind: MediaKind, external_id: str, file_name: str) -> None:
    (ref,) = the(name).media
    assert (ref.kind, ref.external_id, ref.file_name) == (kind, external_id, file_name)


def test_places_and_cards_are_read() -> None:
    assert the("location").location.name == "Rathaus"
    (card,) = the("contacts").cards
    assert (card.name, card.phones, card.emails) == ("Ada Muster", ("+49 171 3920022",), ("ada@beispiel.example",))


def test_an_advertisement_is_remembered() -> None:
    assert the("text_from_advertisement").referral["source_type"] == "ad"


@pytest.mark.parametrize(
    ("name", "address", "aliases", "handle"),
    [
        ("text", PERSON, (PHONE,), PHONE),
        ("text_without_phone_number", PERSON, (), "@zoe.b"),
        ("text_without_user_id", PHONE, (), PHONE),
        ("text_with_parent_user_id", PERSON, (PHONE, "DE.ENT.11815799212886844830"), PHONE),
    ],
)
def test_a_citizen_is_known_with_or_without_a_number(name: str, address: str, aliases: tuple[str, ...], handle: str) -> None:
    sender = the(name).sender
    assert (sender.address, sender.aliases, sender.handle) == (address, aliases, handle)


@pytest.mark.parametrize(
    ("name", "what", "old", "new"),
    [
        ("system_new_number", "address", PHONE, "+491713920099"),
        ("system_new_user_id", "address", PERSON, "DE.99900000000000000000"),
        ("system_new_identity", "identity", PERSON, ""),
    ],
)
def test_a_new_number_leads_on_from_the_old(name: str, what: str, old: str, new: str) -> None:
    event = the(name)
    assert isinstance(event, Changed)
    assert (event.what, event.values["old"], event.values["new"]) == (what, old, new)


def test_receipts_name_their_part_and_our_token() -> None:
    event = the("status_sent")
    assert isinstance(event, Receipt)
    assert (event.external_id, event.state, event.token, event.address) == ("wamid.OUT1", "sent", "outbox-42", PERSON)
    assert event.price_category == "marketing"
    delivered, read = (item.event for item in items("status_delivered_and_read"))
    assert [seen_id(delivered), seen_id(read)] == ["wamid.OUT1:delivered", "wamid.OUT1:read"]
    assert the("status_played").state == "read"
    assert the("status_of_hidden_number").address == PERSON


def test_a_failed_receipt_says_why() -> None:
    event = the("status_failed")
    assert (event.state, event.reason) == ("failed", "person_limit")
    assert event.details.startswith("131049 In order to")


@pytest.mark.parametrize(("name", "back", "address"), [("preference_stop", False, PERSON), ("preference_resume", True, PHONE)])
def test_the_marketing_stop_ends_newsletters_only(name: str, back: bool, address: str) -> None:
    event = the(name)
    assert isinstance(event, Gone)
    assert (event.scope, event.back, event.address) == ("newsletter", back, address)


@pytest.mark.parametrize(
    ("name", "what", "effect", "values"),
    [
        ("template_paused", "template", "pause_template", {"name": "termin_erinnerung", "language": "de", "event": "PAUSED"}),
        ("template_approved", "template", "resume_template", {"event": "APPROVED"}),
        ("template_quality_red", "quality", "resync_templates", {"quality": "RED"}),
        ("template_category", "template", "resync_templates", {"category": "MARKETING"}),
        ("number_flagged", "quality", "pause_channel", {"limit": "TIER_10K"}),
        ("number_upgraded", "limit", "", {"limit": "TIER_2K"}),
        ("limit_as_number", "limit", "", {"limit": "2000"}),
        ("account_restricted", "account", "pause_channel", {"until": "1739921024"}),
        ("account_banned", "account", "pause_channel", {"state": "DISABLE"}),
        ("account_reinstated", "account", "resume_channel", {}),
        ("account_alert", "alert", "", {"severity": "WARNING"}),
        ("pin_changed", "alert", "", {"event": "PIN_CHANGED"}),
        ("error_out_of_band", "alert", "", {}),
        ("answered_in_the_app", "echo", "", {"address": PERSON, "text": "Vom Handy"}),
    ],
)
def test_news_of_the_account_have_words_and_an_effect(name: str, what: str, effect: str, values: dict[str, str]) -> None:
    event = the(name)
    assert isinstance(event, Changed)
    assert (event.what, event.effect) == (what, effect)
    assert event.text
    assert dict(event.values) | values == dict(event.values)


def test_one_broken_message_spoils_no_other() -> None:
    first, second, third = items("two_messages_one_broken")
    assert (first.event.text, second.event, third.event.text) == ("Erste", None, "Dritte")
    assert second.problem.startswith("ValueError")
    assert "kein Datum" not in second.problem
    found = items("many_entries_some_broken")
    assert [type(item.event).__name__ for item in found] == ["Received", "NoneType", "NoneType", "Receipt", "Receipt"]
    assert [bool(item.problem) for item in found] == [False, True, True, False, False]


def test_what_is_known_and_not_ours_is_no_problem_and_the_unknown_is_kept() -> None:
    assert items("group_event") == []
    assert items("field_of_tomorrow")[0].problem == "unknown field holo_update"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"object":"page","entry":[]}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_whatsapps_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["id", "type", "text", "from", "body"]), inner)),
    max_leaves=12,
)


@given(JSON, JSON, st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.json"))), st.integers(0, 40))
def test_no_body_whatever_makes_parsing_fall_over(value: Any, other: Any, name: str, place: int) -> None:
    data = json.loads((FIXTURES / f"{name}.json").read_text())
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []:
            places.append((node, key))
            walk(node[key])

    walk(data["entry"])
    node, key = places[place % len(places)]
    node[key] = value
    for found in parse(json.dumps(data).encode()):
        assert encode(msgspec.json.decode(encode(found), type=Item)) == encode(found)
    data["entry"] = [other]
    assert isinstance(parse(json.dumps(data).encode()), list)


def test_the_signature_is_checked_over_the_bytes_as_they_came() -> None:
    body = b'{"name":"Zo\\u00eb"}'
    headers = {"x-hub-signature-256": graph.sign("geheim", body)}
    graph.verify("geheim", headers, body)
    for secret, given_headers, other in [
        ("geheim", headers, body + b" "),
        ("anders", headers, body),
        ("geheim", {}, body),
        ("geheim", {"x-hub-signature-256": "sha256=ü"}, body),
        ("", {"x-hub-signature-256": graph.sign("", body)}, body),
    ]:
        with pytest.raises(Unsigned):
            graph.verify(secret, given_headers, other)


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "wort", "hub.challenge": "1158"}, 200, "1158"),
        ({"hub.mode": "subscribe", "hub.verify_token": "falsch", "hub.challenge": "1158"}, 403, ""),
        ({"hub.mode": "subscribe", "hub.verify_token": "wort", "hub.challenge": "<script>"}, 403, ""),
        ({"hub.verify_token": "wort", "hub.challenge": "1158"}, 403, ""),
        ({}, 403, ""),
    ],
)
def test_the_handshake_answers_only_who_knows_the_word(query: dict[str, str], status: int, body: str) -> None:
    answer = graph.handshake("wort", query)
    assert (answer.status, answer.body) == (status, body)
