"""A request leads where the editor meant and nowhere else, and an answer means one thing."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from buergerdraht.dialogs import calling
from buergerdraht.dialogs.document import Call


class Works(NamedTuple):
    url: str = "https://stadtwerke.example/api/v1"


def step(**fields: Any) -> Call:
    return Call.model_validate({"id": "ask", "system": "stadtwerke", "on_no": "end", "on_failure": "end", "method": "GET", **fields})


def address(path: str, **answers: Any) -> str:
    return calling.build(step(path=path), Works(), {"answers": answers}).url


# ── The question ──────────────────────────────────────────────────────────


def test_values_are_escaped_where_they_stand() -> None:
    url = address("kunden/{{ answers.name }}?ort={{ answers.place }}&art=wasser", name="Müller/Ä&?#", place="Bad Muster & Co")
    assert url == "https://stadtwerke.example/api/v1/kunden/M%C3%BCller%2F%C3%84%26%3F%23?ort=Bad%20Muster%20%26%20Co&art=wasser"
    assert unquote(URL(url).raw_query_string.split("&")[0]) == "ort=Bad Muster & Co"


def test_a_path_of_the_editors_own_keeps_its_slashes_and_the_base_alone_is_an_address() -> None:
    assert address("/kunden/neu") == "https://stadtwerke.example/api/v1/kunden/neu"
    assert address("") == "https://stadtwerke.example/api/v1"
    assert address("straßen") == "https://stadtwerke.example/api/v1/stra%C3%9Fen"


CLIMBING = [
    "..", "../admin", "..%2fadmin", "%2e%2e/admin", "%252e%252e%252fadmin", "a/../../b", ".", "a\\..\\b", "/etc", "x/", "a//b", "", "   ",
    "1\r\nHost: fremd.example", "1\x00", "1%0d%0aX: y", "1\u20282",
]  # fmt: skip


@pytest.mark.parametrize("value", CLIMBING)
def test_what_would_climb_split_or_leave_a_gap_is_refused(value: str) -> None:
    with pytest.raises(calling.Refused):
        address("kunden/{{ answers.number }}/stand", number=value)


@pytest.mark.parametrize("path", ["//fremd.example/x", "https://fremd.example/", "../x", "a/%2e%2e/b", "a#b", "a\\..\\b", "a//b"])
def test_a_path_of_the_editors_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(calling.Refused):
        address(path)


@pytest.mark.parametrize("host", ["@fremd.example", ".fremd.example", ":8443", "\\fremd.example", "//fremd.example"])
def test_a_value_at_the_very_beginning_cannot_change_the_host(host: str) -> None:
    bare = Works("https://stadtwerke.example")
    try:
        url = calling.build(step(path="{{ answers.x }}"), bare, {"answers": {"x": host}}).url
    except calling.Refused:
        return
    assert URL(url).origin() == URL("https://stadtwerke.example")


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_citizen_writes_the_place_stays_the_editors(first: str, second: str) -> None:
    try:
        url = address("kunden/{{ answers.first }}/stand?wert={{ answers.second }}", first=first, second=second)
    except calling.Refused:
        return
    parsed = URL(url)
    assert parsed.origin() == URL("https://stadtwerke.example")
    assert parsed.raw_path.startswith("/api/v1/kunden/")
    assert parsed.raw_path.endswith("/stand")
    assert parsed.raw_path.count("/") == 5
    assert parsed.fragment == ""
    assert list(parsed.query) == ["wert"]
    assert parsed.query["wert"] == second.strip()


def test_a_parameter_may_be_empty() -> None:
    assert address("suche?ort={{ answers.place }}") == "https://stadtwerke.example/api/v1/suche?ort="


@pytest.mark.parametrize(
    "path", ["k/{% echo answers.x %}", "k/{% cycle answers.x, answers.y %}", "k/{% liquid echo answers.x %}", "k/{{ answers.x | }}", "k/{{"]
)
def test_what_would_write_a_value_without_escaping_it_is_refused(path: str) -> None:
    with pytest.raises(calling.Refused):
        address(path, x="a/../b", y="c")


def test_an_unescaped_copy_is_escaped_again() -> None:
    assert address("k/{% capture c %}{{ answers.x }}{% endcapture %}{{ c }}", x="a b").endswith("/k/a%2520b")
    assert "fremd" not in URL(address("k/{{ answers.x | url_decode }}", x="a%3Ffremd")).raw_query_string


def test_the_body_is_json_and_a_dot_makes_an_object() -> None:
    body = {"customer.number": "{{ answers.number }}", "customer.name": '{{ answers.name | append: "!" }}', "kind": "wasser"}
    request = calling.build(
        step(method="POST", path="pruefen", body=body), Works(), {"answers": {"number": "4711", "name": 'A"B\n{{ contact.name }}'}}
    )
    assert json.loads(request.body) == {"customer": {"number": "4711", "name": 'A"B\n{{ contact.name }}!'}, "kind": "wasser"}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("body", [{"a": "1", "a.b": "2"}, {"a.b": "1", "a": "2"}, {f"k{n}": "{{ answers.long }}" for n in range(9)}])
def test_a_body_that_contradicts_itself_or_is_too_long_is_refused(body: dict[str, str]) -> None:
    with pytest.raises(calling.Refused):
        calling.build(step(method="POST", body=body), Works(), {"answers": {"long": "x" * 9_000}})


def test_a_request_survives_being_kept() -> None:
    request = calling.build(step(method="PUT", path="x", body={"wort": "Größe"}), Works(), {})
    assert calling.reopened(json.loads(json.dumps(calling.kept(request)))) == request


def test_only_below_the_base_belongs_to_a_system() -> None:
    assert calling.within("https://a.example/api/x", "https://a.example/api/")
    for other in ("https://a.example/apix", "https://a.example:444/api/x", "http://a.example/api/x", "https://b.example/api/x"):
        assert not calling.within(other, "https://a.example/api")


# ── The answer ────────────────────────────────────────────────────────────

ANSWER = {
    "customer": {"name": "Paula Beispiel", "since": 2019, "active": True, "note": None},
    "items": [{"price": 12.5}, {"price": 3.0}],
    "tags": ["a", "b", 3],
    "large": 1e21,
    "nested": {"x": {}},
}


def judged(status: int = 200, body: bytes = json.dumps(ANSWER).encode(), **fields: Any) -> calling.Outcome:
    return calling.judge(step(**fields), status, body)


def test_what_is_taken_is_text_without_tricks() -> None:
    take = {
        "name": "customer.name", "since": "customer.since", "active": "customer.active", "note": "customer.note", "price": "items.0.price",
        "whole": "items.1.price", "tags": "tags", "large": "large", "nested": "nested", "gone": "items.7.price", "wrong": "customer.name.x",
    }  # fmt: skip
    assert judged(take=take).answers == {
        "name": "Paula Beispiel", "since": "2019", "active": "yes", "note": "", "price": "12.5", "whole": "3", "tags": "a, b, 3",
        "large": "1000000000000000000000", "nested": "", "gone": "", "wrong": "",
    }  # fmt: skip


def test_long_values_are_cut_and_control_signs_left_out() -> None:
    found = judged(
        body=json.dumps({"a": "x" * 9_000, "b": "a\u0000b\u202e\nc", "c": ["y" * 400] * 3}).encode(), take={"a": "a", "b": "b", "c": "c"}
    )
    assert (len(found.answers["a"]), found.answers["b"], len(found.answers["c"])) == (500, "ab\nc", 500)


MEANINGS = {
    "yes": (200, 201, 204),
    "no": (400, 401, 403, 404, 410, 422),
    "failure": (100, 301, 302, 304, 307, 408, 425, 429, 500, 503, 599, 700),
}


@pytest.mark.parametrize(("status", "kind"), [(status, kind) for kind, those in MEANINGS.items() for status in those])
def test_every_status_means_one_thing(status: int, kind: str) -> None:
    assert judged(status, b"").kind == kind


CONDITIONS = {
    "{% if result.customer.active %}ja{% endif %}": "yes",
    "{{ result.customer.active }}": "yes",
    "result.customer.active": "yes",
    "   ": "yes",
    "{% if result.customer.locked %}ja{% endif %}": "no",
    "{{ result.valid }}": "no",
    "result.valid": "no",
    "{% if result.customer.active %}ja": "failure",
    "{{ result.customer | no_such_filter }}": "failure",
    "ja {% broken %}": "failure",
}


@pytest.mark.parametrize(("accept", "kind"), CONDITIONS.items())
def test_a_condition_decides_and_one_that_cannot_be_read_is_never_a_yes(accept: str, kind: str) -> None:
    assert judged(accept=accept).kind == kind


def test_false_is_not_a_yes() -> None:
    assert judged(body=b'{"valid": false}', accept="{{ result.valid }}").kind == "no"


def test_a_no_brings_nothing_along() -> None:
    assert judged(accept="result.valid", take={"name": "customer.name"}).answers == {}
    assert judged(404, take={"name": "customer.name"}).answers == {}


NONSENSE = [b"", b"<html>", b"{", b"[" * 100_000, b'{"a": NaN}', b"\xff\xfe{}", b'{"a": 1} x', b"\x00"]


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense_is_a_failure_where_the_answer_matters(body: bytes) -> None:
    assert judged(body=body, take={"a": "a"}).kind == "failure"
    assert judged(body=body, take={"a": "a"}).reason == "unreadable"


def test_an_answer_that_nobody_reads_may_be_anything() -> None:
    assert judged(body=b"<html>OK</html>").kind == "yes"


def test_too_much_is_a_failure() -> None:
    assert judged(body=b'"' + b"x" * 256 * 1024 + b'"', take={"a": ""}).reason == "too_large"


@given(st.binary(max_size=300), st.integers(100, 599))
def test_whatever_comes_back_means_something(body: bytes, status: int) -> None:
    found = judged(status, body, take={"a": "a.0.b"}, accept="result.a")
    assert found.kind in {"yes", "no", "failure"}
    assert bool(found.answers) == (found.kind == "yes")
