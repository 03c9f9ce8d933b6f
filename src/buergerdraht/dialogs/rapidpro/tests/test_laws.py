"""Any flow at all: nothing is lost in silence, nothing raises, and what comes out is a dialog that can be walked."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.dialogs import checking, document, machine
from buergerdraht.dialogs.document import Dialog
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.rapidpro import report
from buergerdraht.dialogs.rapidpro.bringing import bring
from buergerdraht.dialogs.rapidpro.tests import exports
from buergerdraht.dialogs.rapidpro.tests.exports import enter, export, flow, join, keep, lot, msg, node, router, wait
from buergerdraht.dialogs.walk import CALL, FILES, RUNNING, SILENCE, TIME, Opening, Said

NODES = [f"k{number}" for number in range(8)]
TEXTS = [
    "Hallo @contact!",
    "Wie alt?",
    '@results.a @(if(results.b, "x", fields.y))',
    "",
    "@globals.x {{ x }}",
    "1 Ja 2 Nein",
    "Zweite Frage",
]
goals = st.sampled_from([*NODES, None])
texts = st.sampled_from(TEXTS)
tests = st.sampled_from(
    [
        ("has_any_word", ["ja 1"]),
        ("has_any_word", ["nein 2"]),
        ("has_only_text", ["Ja"]),
        ("has_phrase", ["stopp"]),
        ("has_number", []),
        ("has_number_between", ["1", "5"]),
        ("has_number_gt", ["@fields.x"]),
        ("has_pattern", ["^a+$"]),
        ("has_pattern", ["(a+)+"]),
        ("has_date", []),
        ("has_text", []),
        ("has_group", ["u", "Gruppe"]),
        ("has_category", ["Weg1"]),
        ("has_ward", []),
        ("has_only_text", ["completed"]),
        ("has_number_eq", ["3"]),
        ("has_email", []),
        ("has_any_word", [""]),
        ("has_only_text", []),
        ("has_beginning", ["x{{"]),
    ]
)
operands = st.sampled_from(
    [
        "@input.text",
        "@results.a",
        "@results.a.category",
        "@fields.x",
        "@contact.groups",
        "@contact.language",
        "@child.status",
        "@(upper(fields.x))",
        "@globals.x",
        "@webhook.status",
        "@(input)",
        "",
    ]
)
actions = st.one_of(
    st.builds(msg, texts),
    st.builds(msg, texts, st.sampled_from(["Ja", "Nein", "3"]), st.sampled_from(["Nein", "Vielleicht"])),
    st.builds(msg, texts, attachments=st.just(["image:https://a.invalid/x.png", "@fields.x"])),
    st.builds(keep, st.just("x"), texts),
    st.builds(enter, st.sampled_from(["Zweiter", "Fremd"]), st.booleans()),
    st.builds(join, st.just("Gruppe"), leaving=st.booleans()),
    st.sampled_from(
        [
            {"type": "set_run_result", "name": "A", "value": "@input", "category": "Weg1"},
            {"type": "open_ticket", "body": "x @contact"},
            {"type": "call_webhook", "method": "GET", "url": "https://a.invalid/@fields.x", "result_name": "a"},
            {"type": "send_email"},
            {"type": "call_webhook", "method": "POST", "url": "@fields.x", "body": '{"a": [1]}'},
            {"type": "call_llm"},
            {"type": "wait_for_time", "delay": "90"},
            {"type": "set_contact_language", "language": "eng"},
            {"type": "set_run_local", "name": "n", "value": "1", "operation": "increment"},
            {"type": "say_msg", "text": "Ansage"},
            {"type": "send_interactive_msg", "text": '{"type": "location_request_message", "body": {"text": "Wo?"}}'},
        ]
    ),
)


@st.composite
def nodes(draw: st.DrawFn, uuid: str) -> dict[str, Any]:
    done = draw(st.lists(actions, max_size=3))
    kind = draw(st.sampled_from(["plain", "plain", "wait", "wait", "router", "lot"]))
    if kind == "plain":
        return node(uuid, *done, to=draw(goals))
    ways = {f"Weg{number}": draw(goals) for number in range(draw(st.integers(1, 3)))}
    if kind == "lot":
        return lot(uuid, ways)
    cases = [(*draw(tests), draw(st.sampled_from([*ways]))) for _ in range(draw(st.integers(0, 4)))]
    if kind == "router":
        return router(uuid, cases, ways, *done, operand=draw(operands), result_name=draw(st.sampled_from(["", "A", "B"])))
    timeout = draw(st.sampled_from([None, (60, "Weg0"), (10**6, "Weg0")]))
    hint = draw(st.sampled_from(["", "", "", "image", "location", "digits"]))
    operand = draw(st.one_of(st.just("@input.text"), operands))
    return wait(uuid, cases, ways, *done, result=draw(st.sampled_from(["", "A", "B"])), timeout=timeout, hint=hint, operand=operand)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    made = [draw(nodes(uuid)) for uuid in NODES]
    translated: dict[str, Any] = {}
    for code in draw(st.lists(st.sampled_from(["eng", "tur", "und", "xxxx", "deu"]), unique=True, max_size=3)):
        items = draw(st.lists(st.sampled_from(["k0.0", "k1.0", "k2.case0", "k3.Weg0", "weg"]), unique=True, max_size=4))
        translated[code] = {
            each: {draw(st.sampled_from(["text", "quick_replies", "arguments", "name", "attachments"])): ["Yes @contact"]} for each in items
        }
    second = flow("Zweiter", exports.say("a", "Und du?", to="b"), wait("b", [], {"All": None}, result="A"))
    begun = [{"trigger_type": draw(st.sampled_from(["K", "S", "N", ""])), "keyword": "los", "flow": {"uuid": "flow-Erster"}}]
    return export(flow("Erster", *made, localization=translated), second, triggers=begun)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files())
def test_every_item_of_any_flow_is_reported_exactly_once_and_with_a_reason(raw: dict[str, Any]) -> None:
    before = copy.deepcopy(raw)
    found = bring(raw)
    assert raw == before
    assert sum(each.report.total for each in found) == exports.count(raw)
    for each in found:
        assert all(entry.why and entry.where for entry in [*each.report.changed, *each.report.left])
        assert each.dialog is not None or each.report.unreadable or not each.report.imported


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files())
def test_any_flow_becomes_a_dialog_whose_ways_and_placeholders_are_whole(raw: dict[str, Any]) -> None:
    for each in bring(raw):
        if each.dialog is None:
            assert not each.report.unreadable or "kein Schritt" in each.report.unreadable
            continue
        assert document.load(document.plain(each.dialog)) == each.dialog
        broken = [
            finding
            for finding in checking.find(each.dialog)
            if finding.level == "error" and ("Weg" in finding.sentence or "lesbar" in finding.sentence)
        ]
        assert broken == []


answers = st.lists(
    st.sampled_from(["ja", "nein", "1", "3", "7", "a", "stopp", "heute", "x@y.example", "", "Weg1", "!foto", "!ort", "!spät"]), max_size=8
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files(), answers)
def test_any_flow_can_be_walked_without_silence_and_without_a_raw_expression(raw: dict[str, Any], said: list[str]) -> None:
    dialogs: dict[str, Dialog] = {each.dialog.key: each.dialog for each in bring(raw) if each.dialog}
    if "erster" not in dialogs:
        return
    world = Played(dialogs=dialogs)
    walk = machine.begin(dialogs["erster"], 0, world, Opening(language="de", mark="w"))
    for text in said:
        if walk.state != RUNNING:
            break
        before = len(world.said)
        if text == "!spät" or walk.waits in {CALL, FILES, TIME}:
            world.now += timedelta(days=400)
            machine.wake(walk, world)
        elif text == "!foto":
            machine.answer(walk, Said(kind="media", files=(("1", "image"),)), world)
        elif text == "!ort":
            machine.answer(walk, Said(kind="location", place=(51.0, 7.0, "Markt")), world)
        else:
            machine.answer(walk, Said(text=text), world)
            assert len(world.said) > before or walk.state != RUNNING or walk.waits in {CALL, TIME, SILENCE, FILES}
    assert not any("@(" in each.text or "@results" in each.text or "@contact" in each.text for each in world.said)


WHOLE = [exports.bulky(), exports.permit(), exports.trial(), exports.glific()]
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**12),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None, 1, "x", {}]),
    st.just({"type": []}),
    st.just("\x00\ud800"),
    st.just("x" * 11_000),
)


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place]
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _places(each, (*place, name))
    return found


PLACES = [_places(each) for each in WHOLE]


@st.composite
def broken(draw: st.DrawFn) -> Any:
    number = draw(st.integers(0, len(WHOLE) - 1))
    raw: Any = copy.deepcopy(WHOLE[number])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(PLACES[number][1:]))
        inner = raw
        try:
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = draw(odd)
        except (KeyError, IndexError, TypeError):
            continue
    return raw


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(broken())
def test_odd_values_anywhere_never_raise(raw: Any) -> None:
    for each in bring(raw):
        assert isinstance(each.report, report.Report)
        if each.dialog is not None:
            document.load(document.plain(each.dialog))


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(odd, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)).map(
            lambda each: json.dumps(each, default=str).encode()
        ),
    )
)
def test_odd_files_never_raise(data: bytes) -> None:
    assert bring(data)[0].report.unreadable
