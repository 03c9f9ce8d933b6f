"""Any messages, in any order, in any dialog: never silence, never an error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.dialogs import document, machine
from buergerdraht.dialogs.document import Dialog
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.walk import CALL, FILES, RUNNING, SILENCE, TIME, MeterSeen, Opening, Said, Walk

NAMES = [f"s{number}" for number in range(6)]
WANTS = document.Ask.__args__  # type: ignore[attr-defined]
TEXT = {"de": "Bitte {{ answers.s1 }} {{ raw.s0 }}?"}
TABLES = {
    "streets": [{"street": "Marktstraße", "latitude": "51.1", "longitude": "7.1"}, {"street": "Am Bach", "latitude": "x", "longitude": ""}]
}
goals = st.sampled_from([*NAMES, "", "", "end", "person", "menu"])
SPOKEN = [
    "ja", "nein", "1", "2", "9", "zurück", "menü", "Mensch", "überspringen", "Am Bach 3", "Markt", "morgen", "12.5.", "14:30", "09:00",
    "1.234,5", "-3", "x@y.example", "DE02120300000000202051", "12345", "030 123456", "", " ", "ZR12345", "😀", "a" * 3_000, "٣",
    "{{ x }}", "{% if %}", "\u202e", "1️⃣", "die zweite", "Ja Nein", "NaN", "sNaN", "(((", "[x](http://y)",
]  # fmt: skip
TAPPED = ["d:w1:1:a", "d:w1:2:yes", "d:zz:1:a", "d:", "appt:1"]
files = st.tuples(
    st.sampled_from([f"f{number}" for number in range(9)]), st.sampled_from(["image", "voice", "sticker", "video", "document"])
)
places = st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.text(max_size=9))
said = st.one_of(
    st.builds(Said, text=st.sampled_from(SPOKEN)),
    st.builds(Said, text=st.text(max_size=40)),
    st.builds(Said, kind=st.just("media"), files=st.lists(files, min_size=1, max_size=4)),
    st.builds(Said, kind=st.just("location"), place=places),
    st.builds(Said, kind=st.just("choice"), text=st.just("Ja"), choice=st.sampled_from(TAPPED)),
)
yes_no = st.booleans()
OWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "say": {"text": st.sampled_from([{}, TEXT])},
    "ask": {
        "want": st.sampled_from(WANTS), "optional": yes_no, "confirm": yes_no,
        "check": st.sampled_from([{}, {"table": "streets", "column": "street"}, {"pattern": "(a|a)*b"}, {"least": "+1", "most": "x"}]),
    },
    "choose": {"options": goals.map(lambda goal: [{"id": "a", "title": {"de": "Ja"}, "next": goal}, {"id": "b", "title": {"de": "So"}}])},
    "branch": {
        "random": yes_no,
        "cases": st.builds(
            lambda of, op, goal: [{"when": [{"of": of, "name": "s0", "op": op, "value": "{{ raw.s0 }}"}], "next": goal}],
            st.sampled_from(["answer", "hours", "date", "outcome", "topic"]),
            st.sampled_from(["is", "known", "more", "less", "matches", "one_of", "contains"]), goals,
        ),
    },
    "set": {
        "what": st.sampled_from(["answer", "field", "name", "label", "language"]), "name": st.just("s0"), "value": st.just("{{ raw.s1 }}"),
    },
    "subscribe": {"topics": st.just(["news"]), "leave": yes_no},
    "book": {"offer": st.just("desk"), "on_none": goals},
    "call": {"system": st.just("crm"), "on_no": goals, "on_failure": goals, "proves": yes_no},
    "look_up": {"table": st.just("streets"), "near": st.sampled_from(["", "s0"]), "on_nothing": goals},
    "meter": {"meter": st.just("water"), "on_doubt": goals},
    "start": {"dialog": st.sampled_from(["any", "gone"]), "instead": yes_no},
    "wait": {"minutes": st.sampled_from([0, 3]), "silence": yes_no, "on_message": goals},
    "send": {"what": st.sampled_from(["pdf", "ics"])},
}  # fmt: skip
QUESTION = {"text": st.just(TEXT), "tries": st.integers(1, 4), "otherwise": goals, "remind_after": st.sampled_from([0, 5])}


@st.composite
def steps(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(machine.ENTER)))
    wanted = OWN.get(kind, {}) | (QUESTION if kind in machine.REPLY else {}) | ({} if kind in {"hand_over", "end"} else {"next": goals})
    return {"id": name, "kind": kind} | {key: draw(strategy) for key, strategy in wanted.items()}


@st.composite
def dialogs(draw: st.DrawFn) -> Dialog:
    made = [draw(steps(name)) for name in NAMES[: draw(st.integers(1, len(NAMES)))]]
    return document.load({"key": "any", "title": {"de": "Irgendeiner"}, "expire_after": 10, "steps": made})


def speaks(walk: Walk, world: Played, before: int) -> bool:
    """Something was said, or there is a reason to wait: more photos, a call, a time."""
    return len(world.said) > before or (walk.waits in {FILES, CALL, TIME, SILENCE} and walk.until is not None)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(dialogs(), st.lists(st.one_of(said, st.integers(0, 30)), max_size=14), st.sampled_from(["", "12.5", "9" * 30]))
def test_neither_silence_nor_an_error(dialog: Dialog, moves: list[Said | int], seen: str) -> None:
    world = Played(
        dialogs={"any": dialog},
        tables=TABLES,
        meter=MeterSeen(text=seen, sure=bool(seen)),
        menu="Menü" if seen else "",
        doubts=("low",) if seen else (),
    )
    walk = machine.begin(dialog, 0, world, Opening(language="de", mark="w1"))
    assert speaks(walk, world, 0) or walk.state == "done"
    for move in moves:
        if walk.state != RUNNING:
            break
        before, waits = len(world.said), walk.waits
        if isinstance(move, int):
            world.now += timedelta(minutes=move)
            due = walk.until is not None and walk.until <= world.now
            if waits == CALL and move % 2:
                assert machine.called(walk, walk.serial, ["yes", "no", "failure"][move % 3], {"s5": "x"}, world)
            elif due:
                machine.wake(walk, world)
            else:
                continue
        else:
            machine.answer(walk, move, world)
            if waits == TIME:  # the sessions let others answer then
                continue
        by_itself = isinstance(move, int) and walk.state == "done"  # nobody waits for a word then
        assert speaks(walk, world, before) or by_itself, (waits, move, walk)
        assert walk.state != RUNNING or walk.waits, walk
    assert len(world.said) < 3_000
    if walk.state == RUNNING:
        assert walk.until is not None, "somebody must wake it"
    if walk.state == "handed":
        assert any(what == "hand_over" for what, _words in world.notes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(dialogs())
def test_a_document_is_the_same_after_writing_and_reading(dialog: Dialog) -> None:
    assert document.read(document.written(dialog)) == dialog
