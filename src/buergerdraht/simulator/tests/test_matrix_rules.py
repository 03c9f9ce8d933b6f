"""What the double of a homeserver takes and refuses, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from buergerdraht.simulator.providers import matrix_rules as rules

FILE = {
    "msgtype": "m.image",
    "body": "a.png",
    "filename": "a.png",
    "url": "mxc://stadt.example/abc",
    "info": {"mimetype": "image/png", "size": 1},
}
TEXT = {"msgtype": "m.text", "body": "Hallo"}
HTML = {"format": "org.matrix.custom.html", "formatted_body": "<b>Hallo</b>"}
REACTION = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a", "key": "👍"}}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.message", TEXT),
        ("m.room.message", {**TEXT, **HTML}),
        ("m.room.message", {**TEXT, "msgtype": "m.notice", "example.word": "42.0"}),
        ("m.room.message", FILE),
        ("m.room.message", {"msgtype": "m.location", "body": "hier", "geo_uri": "geo:51.5,-7.4;u=12"}),
        ("m.sticker", {"body": "Daumen", "url": "mxc://stadt.example/abc"}),
        ("m.reaction", REACTION),
    ],
)
def test_what_an_app_could_show_is_taken(kind: str, content: dict[str, Any]) -> None:
    rules.check(kind, content)


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("m.room.message", {}, "M_BAD_JSON"),
        ("m.room.message", {"msgtype": "m.text"}, "M_BAD_JSON"),
        ("m.room.message", {"msgtype": "m.text", "body": " "}, "M_BAD_JSON"),
        ("m.room.message", {"msgtype": "m.hologram", "body": "x"}, "M_BAD_JSON"),
        ("m.room.message", {**TEXT, "formatted_body": "x"}, "M_BAD_JSON"),
        ("m.room.message", {**TEXT, **HTML, "format": "text/html"}, "M_BAD_JSON"),
        ("m.room.message", {**TEXT, "latitude": 51.5}, "M_BAD_JSON"),
        ("m.room.message", {**TEXT, "body": "x" * 66_000}, "M_TOO_LARGE"),
        ("m.room.message", {**FILE, "url": "https://stadt.example/a.png"}, "M_BAD_JSON"),
        ("m.room.message", {**FILE, "info": {"size": "1"}}, "M_BAD_JSON"),
        ("m.room.message", {"msgtype": "m.location", "body": "hier", "geo_uri": "51.5,7.4"}, "M_BAD_JSON"),
        ("m.sticker", {"url": "mxc://stadt.example/abc"}, "M_BAD_JSON"),
        ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a", "key": ""}}, "M_BAD_JSON"),
        ("m.reaction", {"m.relates_to": {"rel_type": "m.replace", "event_id": "$a", "key": "👍"}}, "M_BAD_JSON"),
        ("m.room.name", {"name": "x"}, "M_BAD_JSON"),
    ],
)
def test_what_none_could_show_is_refused(kind: str, content: dict[str, Any], errcode: str) -> None:
    with pytest.raises(rules.Refusal) as caught:
        rules.check(kind, content)
    assert caught.value.errcode == errcode


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff"])
def test_a_body_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(rules.Refusal) as caught:
        rules.content_of(raw)
    assert caught.value.errcode == "M_NOT_JSON"


@pytest.mark.parametrize(("seconds", "milliseconds", "header"), [(0.2, 200, "1"), (4.457, 4457, "5"), (0, 1, "1")])
def test_a_limit_names_its_length_twice(seconds: float, milliseconds: int, header: str) -> None:
    refusal = rules.limited(seconds)
    assert (refusal.status, refusal.body()["retry_after_ms"], refusal.headers()) == (429, milliseconds, {"Retry-After": header})
