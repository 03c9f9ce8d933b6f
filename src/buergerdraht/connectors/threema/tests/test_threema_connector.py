"""The account, its answers, its envelopes and its links. What passes over the wire is tried against the double, in tests/."""

from __future__ import annotations

from typing import Any

import pytest
from nacl.public import PrivateKey
from pydantic import ValidationError

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, Http
from buergerdraht.connectors.threema import boxes
from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.connectors.threema.connector import Threema
from buergerdraht.connectors.threema.directory import Directory, entry
from buergerdraht.connectors.threema.errors import failure

MINE, THEIRS = bytes([1]) * 32, bytes([2]) * 32


def public(private: bytes) -> bytes:
    return bytes(PrivateKey(private).public_key)


def config(**more: Any) -> ThreemaConfig:
    return ThreemaConfig.model_validate({"identity": "*MUSTER1", "secret": "ein-geheimes-wort", **more})


# ── Answers ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, ChannelBroken, "token_invalid"),
        (402, ChannelBroken, "credits"),
        (404, AddressGone, "not_reachable"),
        (413, Rejected, "content_refused"),
        (429, Temporary, "rate_limit"),
        (500, Temporary, "unavailable"),
        (502, Temporary, "unavailable"),
        (200, Temporary, "unavailable"),  # a 200 without a message's number was not said by Threema
        (418, Rejected, "unknown"),
    ],
)
def test_every_status_is_one_of_the_four_failures(status: int, kind: type[SendError], reason: str) -> None:
    found = failure(Answered(status, {}, b"words of theirs"))
    assert type(found) is kind
    assert found.reason == reason
    assert found.details.startswith(f"HTTP {status}")
    assert "theirs" not in found.details


@pytest.mark.parametrize(("status", "unsure"), [(500, False), (503, False), (502, True), (504, True), (200, True)])
def test_only_what_stands_between_us_leaves_a_doubt(status: int, unsure: bool) -> None:
    found = failure(Answered(status, {}, b""))
    assert isinstance(found, Temporary)
    assert found.maybe_sent is unsure
    quiet = failure(Answered(status, {}, b""), sending=False)
    assert isinstance(quiet, Temporary)
    assert not quiet.maybe_sent


def test_a_limit_burns_no_try_and_lets_the_channel_wait_as_long_as_it_says() -> None:
    found = failure(Answered(429, {"retry-after": "17"}, b""))
    assert isinstance(found, Temporary)
    assert (found.limit, found.scope, found.retry_after) == (True, "channel", 17.0)


async def test_where_nobody_listens_nothing_was_sent(http: Any, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    connector = Threema(config(host="http://127.0.0.1:9"), http)
    connector.directory.note("ABCD1234", public(THEIRS))
    with pytest.raises(Temporary) as problem:
        await connector.send(connector.plan(Content(text="x")).parts[0], "ABCD1234", token="1.0", files=files)
    assert not problem.value.maybe_sent


@pytest.mark.parametrize("address", ["", "abcd1234", "ABCD123", "ABCD12345", "+4917139200000", "ABCD/../", "ÄBCD1234"])
async def test_what_is_no_threema_id_is_nobody(address: str, files: Any) -> None:
    connector = Threema(config(), Http())
    with pytest.raises(AddressGone):
        await connector.send(connector.plan(Content(text="x")).parts[0], address, token="1.0", files=files)


# ── The account ───────────────────────────────────────────────────────────


def test_a_key_pair_is_made_where_none_is_given_and_its_public_half_is_shown() -> None:
    first, second = config(), config()
    assert first.public_key != second.public_key
    assert first.public_key == public(first.private).hex()


def test_a_key_may_be_pasted_as_threemas_tools_write_it() -> None:
    assert config(private_key=f"private:{MINE.hex().upper()}").public_key == public(MINE).hex()


def test_a_public_key_that_does_not_belong_to_the_private_one_is_not_believed() -> None:
    assert config(private_key=MINE.hex(), public_key="ab" * 32).public_key == public(MINE).hex()


@pytest.mark.parametrize(
    "wrong", [{"identity": "MUSTER12"}, {"identity": "*MUSTER"}, {"private_key": "abc"}, {"host": "msgapi"}, {"accepted": "ABCD1234"}]
)
def test_what_cannot_be_right_is_refused_when_it_is_entered(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        config(**wrong)


def test_neither_secret_nor_key_shows_in_what_is_printed() -> None:
    found = config(private_key=MINE.hex())
    assert MINE.hex() not in repr(found)
    assert "ein-geheimes-wort" not in repr(found)


def test_checked_ids_are_read_however_they_are_written() -> None:
    first, second = f"ABCD1234:{'0a' * 16}", f"EFGH5678:{'0B' * 16}"
    assert config(accepted=f"{first.lower()}, {second}  ").checked == {first.upper(), second}


@pytest.mark.parametrize(
    ("text", "link"),
    [("", "https://threema.id/*MUSTER1"), ("Abo Markt & Straße", "https://threema.id/*MUSTER1?text=Abo%20Markt%20%26%20Stra%C3%9Fe")],
)
def test_a_link_opens_the_chat_with_the_words_ready(text: str, link: str) -> None:
    assert Threema(config(), Http()).link("markt", text) == link


def test_a_preview_needs_no_account() -> None:
    bare = Threema(ThreemaConfig.model_construct(), Http())
    assert len(bare.plan(Content(text="Hallo")).parts) == 1
    assert bare.link("", "") == ""


# ── Envelopes ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("length", [0, 1, 30, 31, 32, 3500])
def test_a_box_opens_for_whom_it_is_and_hides_its_length(length: int) -> None:
    sealed = [boxes.seal(1, b"x" * length, MINE, public(THEIRS)) for _ in range(20)]
    for one in sealed:
        assert boxes.open_box(one.nonce, one.box, THEIRS, public(MINE)) == (1, b"x" * length)
        assert len(one.box) >= 16 + 32
    assert len({len(one.box) for one in sealed}) > 1
    assert len({one.nonce for one in sealed}) == 20


def test_a_box_opens_for_nobody_else() -> None:
    sealed = boxes.seal(1, b"x", MINE, public(THEIRS))
    for nonce, box, private, other in (
        (sealed.nonce, sealed.box, THEIRS, public(bytes([3]) * 32)),
        (bytes(24), sealed.box, THEIRS, public(MINE)),
        (sealed.nonce[:5], sealed.box, THEIRS, public(MINE)),
        (sealed.nonce, b"", THEIRS, public(MINE)),
    ):
        with pytest.raises(boxes.Unopened):
            boxes.open_box(nonce, box, private, other)


@pytest.mark.parametrize(
    "inner", [b"", b"\x01", b"\x01\x00", b"\x01\x05", b"\x01\xff\x09\x09"], ids=["empty", "one", "none", "more", "far more"]
)
def test_padding_that_cannot_be_is_no_message(inner: bytes) -> None:
    from nacl.public import Box, PublicKey

    nonce = bytes(24)
    box = Box(PrivateKey(THEIRS), PublicKey(public(MINE))).encrypt(inner, nonce).ciphertext
    with pytest.raises(boxes.Unopened):
        boxes.open_box(nonce, box, MINE, public(THEIRS))


# ── Keys ──────────────────────────────────────────────────────────────────


def test_a_key_is_pinned_and_another_one_only_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    book = Directory(MINE)
    book.note("ABCD1234", b"a" * 32)
    book.note("ABCD1234", b"b" * 32)
    assert book.key("ABCD1234") == b"a" * 32
    assert book.changed(frozenset()) == [entry("ABCD1234", b"b" * 32)]
    checked = frozenset([entry("ABCD1234", b"b" * 32)])
    assert book.key("ABCD1234", checked) == b"b" * 32
    assert book.changed(checked) == []


def test_who_checked_one_new_key_has_not_checked_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    book = Directory(THEIRS)
    for key in (b"a", b"b", b"c"):
        book.note("ABCD1234", key * 32)
    checked = frozenset([entry("ABCD1234", b"b" * 32)])
    assert book.key("ABCD1234", checked) == b"a" * 32
    assert book.changed(checked) == [entry("ABCD1234", b"c" * 32)]


def test_a_fingerprint_is_the_one_that_the_app_shows() -> None:
    """Half of the key's SHA-256: anybody can compute it anew."""
    assert entry("ABCD1234", bytes(32)) == "ABCD1234:66687AADF862BD776C8FC18B8E9F8E20"


def test_somebody_nobody_knows_is_not_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)
    book = Directory(MINE)
    book.answer("ABCD1234", b"", ["a message"])
    assert (book.key("ABCD1234"), book.told("a message")) == (None, b"")
    assert book.told("another") is None
