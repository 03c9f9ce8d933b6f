"""Their exports become dialogs that mean the same, and a report that leaves nothing out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buergerdraht.dialogs import checking, document
from buergerdraht.dialogs.document import AskStep, Branch, Choose, Dialog, Say
from buergerdraht.dialogs.rapidpro.bringing import Imported, bring
from buergerdraht.dialogs.rapidpro.tests import exports
from buergerdraht.dialogs.rapidpro.tests.exports import export, flow, keep, lot, node, router, say, wait

WHOLE = [exports.bulky, exports.permit, exports.trial, exports.glific]


def one(*nodes: Any, **more: Any) -> Imported:
    return bring(export(flow("Probe", *nodes, **more)))[0]


def dialog(*nodes: Any, **more: Any) -> Dialog:
    found = one(*nodes, **more)
    assert found.dialog is not None, found.report.unreadable
    return found.dialog


def step(found: Dialog, kind: type[Any], number: int = 0) -> Any:
    return [each for each in found.steps if isinstance(each, kind)][number]


def told(found: Imported) -> str:
    return "\n".join(str(each) for each in [*found.report.changed, *found.report.left])


# ── The whole ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", WHOLE)
def test_every_item_is_reported_exactly_once(make: Any) -> None:
    raw = make()
    assert sum(each.report.total for each in bring(raw)) == exports.count(raw)


@pytest.mark.parametrize("make", WHOLE)
def test_a_file_says_the_same_as_what_is_read_of_it(make: Any) -> None:
    raw = make()
    assert bring(json.dumps(raw).encode()) == bring(raw)


@pytest.mark.parametrize("make", WHOLE)
def test_what_comes_out_loads_and_has_no_step_without_a_way_to_it(make: Any) -> None:
    for each in bring(make()):
        if each.dialog is None:
            continue
        assert document.load(document.plain(each.dialog)) == each.dialog
        found = [finding.sentence for finding in checking.find(each.dialog) if finding.level == "error"]
        assert [sentence for sentence in found if "strasse" not in sentence] == []  # an answer of the part that is started


def test_it_reads_like_a_conversation() -> None:
    found = bring(exports.bulky())[0].dialog
    assert found is not None
    assert [each.id for each in found.steps][:3] == ["guten_tag_hier_stadt", "wunsch", "teile"]
    assert found.steps[0].next == ""  # type: ignore[union-attr]


# ── Odd files ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[1, 2]", "kein Export"),
        (b"{}", "kein Ablauf"),
        (b'{"flows": []}', "kein Ablauf"),
        (b'{"flows": 7}', "kein Ablauf"),
        (b"[" * 100_000, "JSON"),
        (b" " * 10_000_001, "10 MB"),
        (json.dumps({"flows": [{}] * 501}).encode(), "501"),
    ],
)
def test_a_file_that_is_none_is_answered_with_a_sentence(data: bytes, word: str) -> None:
    (found,) = bring(data)
    assert found.dialog is None
    assert word in found.report.unreadable


def test_a_flow_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    old = {"name": "Alt", "rule_sets": [], "action_sets": [], "version": "10"}
    long = flow("Lang", *(say(f"n{number}", "x", to=f"n{number + 1}") for number in range(1_001)))
    empty = flow("Leer")
    found = bring(export(old, long, empty, None, flow("Gut", say("a", "Hallo"))))  # type: ignore[arg-type]
    assert [each.dialog is not None for each in found] == [False, False, False, False, True]
    assert "vor Version 11" in found[0].report.unreadable
    assert "1001 Knoten" in found[1].report.unreadable
    assert "leer" in found[2].report.unreadable


def test_a_flow_of_too_many_steps_is_left_out_whole_and_every_item_said() -> None:
    raw = export(flow("Lang", *(say(f"n{number}", f"Text {number}", to=f"n{number + 1}") for number in range(600))))
    (found,) = bring(raw)
    assert found.dialog is None
    assert "600 Schritte" in found.report.unreadable
    assert len(found.report.left) == 600


def test_a_flow_whose_work_would_never_end_is_refused_at_once() -> None:
    says = [say(f"s{number}", f"Text {number}", to="w") for number in range(900)]
    cases = [("has_any_word", [f"wort{number}"], f"k{number}") for number in range(200)]
    many = wait("w", cases, {f"k{number}": None for number in range(200)})
    (found,) = bring(export(flow("Dicht", lot("l", {f"w{number}": f"s{number}" for number in range(900)}), *says, many)))
    assert "zu denselben Fragen" in found.report.unreadable
    assert len(found.report.left) == 900 + 2 + 200
    crowded = wait("w", [("has_any_word", ["x"], "k")] * 201, {"k": None})
    assert "zu umfangreich" in one(crowded).report.unreadable


def test_a_bare_flow_is_taken_too() -> None:
    (found,) = bring(flow("Allein", say("a", "Hallo")))
    assert found.dialog is not None
    assert found.dialog.key == "allein"


# ── Questions ─────────────────────────────────────────────────────────────


def test_a_message_with_quick_replies_and_its_wait_are_one_choice() -> None:
    found = dialog(
        say("a", "Ja oder nein?", "Ja", "Nein", to="b"),
        wait(
            "b",
            [("has_any_word", ["ja jo klar"], "Yes"), ("has_only_text", ["Nein"], "No")],
            {"Yes": "c", "No": "d", "Other": "e"},
            result="Antwort",
        ),
        say("c", "Gut."),
        say("d", "Schade."),
        say("e", "Wie bitte?", to="a"),
    )
    choice = step(found, Choose)
    assert [option.title for option in choice.options] == [{"de": "Ja"}, {"de": "Nein"}]
    assert choice.options[0].words == {"de": ["jo", "klar"]}
    assert choice.save == "antwort"
    assert choice.error == {"de": "Wie bitte?"}
    assert (choice.tries, choice.otherwise) == (3, "person")
    assert len(found.steps) == 3


def test_other_that_leads_on_is_taken_at_once_and_said_in_their_words() -> None:
    found = dialog(
        say("a", "Ja?", "Ja", to="b"),
        wait("b", [("has_any_word", ["ja"], "Yes")], {"Yes": "c", "Other": "d"}),
        say("c", "Gut."),
        say("d", "Dann eben nicht.", to="e"),
        say("e", "Auf Wiedersehen."),
    )
    choice = step(found, Choose)
    assert (choice.tries, choice.error) == (1, {"de": "Dann eben nicht."})
    assert found.step(choice.otherwise).text == {"de": "Auf Wiedersehen."}  # type: ignore[union-attr]


def test_numbers_that_do_not_fit_their_place_in_a_list_are_asked_for_as_numbers() -> None:
    found = dialog(
        say("a", "Welche Linie?", "18", "25", to="b"),
        wait(
            "b",
            [("has_number_eq", ["18"], "Achtzehn"), ("has_number_eq", ["25"], "Andere")],
            {"Achtzehn": "c", "Andere": "d", "Other": "a"},
            result="Linie",
        ),
        say("c", "Tram."),
        say("d", "Bus."),
    )
    question = step(found, AskStep)
    assert question.want == "number"
    assert question.text["de"].endswith("18 · 25")
    assert [case.when[0].value for case in step(found, Branch).cases] == ["18", "25"]


def test_numbered_options_stand_in_the_order_of_their_numbers() -> None:
    found = dialog(
        say("a", "1 Rot, 2 Blau", to="b"),
        wait("b", [("has_any_word", ["2 zwei"], "Blau"), ("has_any_word", ["1 eins"], "Rot")], {"Blau": None, "Rot": None, "Other": "a"}),
    )
    assert [option.id for option in step(found, Choose).options] == ["rot", "blau"]


@pytest.mark.parametrize(
    ("test", "arguments", "want", "check"),
    [
        ("has_number", [], "number", {}),
        ("has_number_between", ["1", "5"], "number", {"least": "1", "most": "5"}),
        ("has_number_lte", ["5"], "number", {"most": "5"}),
        ("has_date", [], "date", {}),
        ("has_time", [], "time", {}),
        ("has_phone", ["DE"], "phone", {}),
        ("has_email", [], "email", {}),
        ("has_pattern", [r"^\d{5}$"], "text", {"pattern": r"^\d{5}$"}),
        ("has_pattern", [r"\d+"], "text", {"pattern": r"[\s\S]*(?:\d+)[\s\S]*"}),
        ("has_text", [], "text", {}),
    ],
)
def test_an_answer_is_checked_as_it_was(test: str, arguments: list[str], want: str, check: dict[str, str]) -> None:
    found = dialog(say("a", "Bitte?", to="b"), wait("b", [(test, arguments, "Da")], {"Da": "c", "Other": "a"}), say("c", "Danke"))
    question = step(found, AskStep)
    assert question.want == want
    assert {name: value for name, value in question.check.model_dump().items() if value and name in {"least", "most", "pattern"}} == check


@pytest.mark.parametrize(("hint", "want"), [("image", "photo"), ("location", "place"), ("audio", "voice")])
def test_a_hint_says_what_is_wanted(hint: str, want: str) -> None:
    found = dialog(say("a", "Bitte?", to="b"), wait("b", [], {"All": "c"}, hint=hint), say("c", "Danke"))
    assert step(found, AskStep).want == want


def test_a_wait_reached_from_two_messages_becomes_two_questions_with_the_same_ways() -> None:
    found = dialog(
        lot("l", {"A": "a", "B": "b"}),
        say("a", "So gefragt?", to="w"),
        say("b", "Anders gefragt?", to="w"),
        wait("w", [], {"All": "c"}, result="Antwort"),
        say("c", "Danke"),
    )
    questions = [each for each in found.steps if isinstance(each, AskStep)]
    assert {each.text["de"] for each in questions} == {"So gefragt?", "Anders gefragt?"}
    assert {each.save for each in questions} == {"antwort"}


def test_what_is_kept_between_a_message_and_its_wait_is_kept_before() -> None:
    found = dialog(say("a", "Wie alt?", to="k"), node("k", keep("gefragt", "ja"), to="b"), wait("b", [], {"All": None}, result="Alter"))
    assert [each.kind for each in found.steps] == ["set", "ask"]


def test_a_wait_without_a_message_gets_a_neutral_one_and_is_reported() -> None:
    found = one(wait("a", [], {"All": "b"}), say("b", "Danke"))
    assert found.dialog is not None
    assert step(found.dialog, AskStep).text == {"de": "Bitte hier antworten."}
    assert "steht kein Text" in told(found)


def test_words_that_are_commands_everywhere_are_no_words_of_an_option() -> None:
    found = one(
        say("a", "Was?", "Los", to="b"),
        wait("b", [("has_any_word", ["los stopp menü"], "Los")], {"Los": "c", "Other": "a"}),
        say("c", "Gut"),
    )
    assert found.dialog is not None
    assert step(found.dialog, Choose).options[0].words == {}
    assert "stopp, menü" in told(found)


# ── Silence ───────────────────────────────────────────────────────────────


def test_silence_that_led_back_reminds_and_silence_that_ended_ends() -> None:
    found = bring(exports.permit())[0]
    assert found.dialog is not None
    assert found.dialog.remind == {"de": "Sind Sie noch da?"}
    assert step(found.dialog, AskStep).remind_after == 60
    assert found.dialog.expired == {"de": "Dann bis ein andermal."}
    assert found.dialog.expire_after == 1_440


def test_silence_that_led_elsewhere_is_left_out_and_so_is_what_only_it_reached() -> None:
    found = one(
        say("a", "Wie?", to="b"),
        wait("b", [], {"No Response": "c", "All": "d"}, timeout=(600, "No Response")),
        say("c", "Zu spät.", to="e"),
        wait("e", [], {"All": None}),
        say("d", "Danke"),
    )
    assert "Bei Schweigen" in told(found)
    assert [each.what for each in found.report.left if "käme niemand" in each.why] == ["send_msg „Zu spät.“", "Weiche switch @input.text"]


# ── Forks ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("operand", "case", "when"),
    [
        ("@fields.ort", ("has_only_text", ["Nord"]), {"of": "field", "name": "ort", "op": "is", "value": "Nord"}),
        ("@(contact.fields.ort)", ("has_text", []), {"of": "field", "name": "ort", "op": "known", "value": ""}),
        ("@contact.language", ("has_any_word", ["deu"]), {"of": "language", "name": "", "op": "is", "value": "de"}),
        ("@contact.groups", ("has_group", ["u", "Alle Nutzer"]), {"of": "topic", "name": "alle_nutzer", "op": "is", "value": ""}),
        ("@child.run.status", ("has_only_text", ["completed"]), {"of": "outcome", "name": "", "op": "is", "value": "done"}),
        ("@results.alter", ("has_number_eq", ["7"]), {"of": "answer", "name": "alter", "op": "is", "value": "7"}),
        ("@results.alter.category", ("has_only_text", ["Jung"]), {"of": "answer", "name": "alter_category", "op": "is", "value": "Jung"}),
        (
            "@(urn_parts(contact.urn).scheme)",
            ("has_only_text", ["telegram"]),
            {"of": "channel", "name": "", "op": "is", "value": "telegram"},
        ),
        (
            "@(upper(fields.ort))",
            ("has_phrase", ["@fields.x"]),
            {"of": "answer", "name": "value_1", "op": "contains", "value": "{{ contact.fields.x }}"},
        ),
    ],
)
def test_a_fork_looks_at_the_same(operand: str, case: tuple[str, list[str]], when: dict[str, str]) -> None:
    found = dialog(router("a", [(*case, "Ja")], {"Ja": "b", "Other": "c"}, operand=operand), say("b", "Ja"), say("c", "Nein"))
    branch = step(found, Branch)
    assert branch.cases[0].when[0].model_dump() == when
    assert found.step(branch.cases[0].next).text == {"de": "Ja"}  # type: ignore[union-attr]
    assert found.step(found.goal(branch, branch.next)).text == {"de": "Nein"}  # type: ignore[union-attr]


def test_a_fork_of_many_words_goes_on_in_another_one() -> None:
    words = " ".join(f"wort{number}" for number in range(70))
    found = dialog(
        router("a", [("has_any_word", [words], "Ja")], {"Ja": "b", "Other": "c"}, operand="@fields.x"), say("b", "Ja"), say("c", "Nein")
    )
    assert [len(each.cases) for each in found.steps if isinstance(each, Branch)] == [30, 30, 10]


def test_a_fork_that_cannot_be_read_takes_the_usual_way_and_is_reported() -> None:
    found = one(router("a", [("has_text", [], "Ja")], {"Ja": "b", "Other": "c"}, operand="@globals.x"), say("b", "Ja"), say("c", "Nein"))
    assert found.dialog is not None
    assert [each.text for each in found.dialog.steps if isinstance(each, Say)] == [{"de": "Nein"}]
    assert "@globals.x" in told(found)


def test_a_test_we_do_not_have_is_left_out() -> None:
    found = one(
        router("a", [("has_ward", ["x"], "Ja"), ("has_text", [], "Text")], {"Ja": "b", "Text": "c", "Other": None}, operand="@fields.x"),
        say("b", "Ja"),
        say("c", "Nein"),
    )
    assert "has_ward" in told(found)
    assert found.dialog is not None
    assert len(step(found.dialog, Branch).cases) == 1


def test_a_lot_has_as_many_ways_as_before() -> None:
    branch = step(dialog(lot("a", {"A": "b", "B": "c", "C": "d"}), say("b", "1"), say("c", "2"), say("d", "3")), Branch)
    assert branch.random
    assert len(branch.cases) == 2


# ── Languages, triggers, Glific ───────────────────────────────────────────


def test_languages_become_ours_and_options_speak_them() -> None:
    found = bring(exports.bulky())[0]
    assert found.dialog is not None
    assert found.dialog.languages == ["de", "en"]
    assert step(found.dialog, Choose).options[0].title == {"de": "Abholung", "en": "Collection"}
    assert step(found.dialog, Choose).options[0].words["en"] == ["collect"]
    assert "klingon" in told(found)


def test_a_flow_without_a_language_is_taken_as_german_and_says_so() -> None:
    found = one(say("a", "Hallo"), language="base")
    assert found.dialog is not None
    assert found.dialog.languages == ["de"]
    assert "Deutsch" in found.report.notes[0]


def test_keywords_and_first_contact_begin_a_dialog_and_the_rest_is_reported() -> None:
    begun = {"uuid": "flow-Probe", "name": "Probe"}
    triggers = [
        {"trigger_type": "K", "keywords": ["müll", "tonne"], "match_type": "F", "flow": begun, "groups": [{"name": "Nord"}]},
        {"trigger_type": "N", "flow": begun},
        {"trigger_type": "R", "referrer_id": "plakat", "flow": begun},
        {"trigger_type": "M", "flow": begun},
        {"trigger_type": "K", "keyword": "alt", "is_archived": True, "flow": begun},
    ]
    found = bring(export(flow("Probe", say("a", "Hallo")), triggers=triggers))[0]
    assert found.dialog is not None
    assert [(each.on, each.words.get("de"), each.name, each.fuzzy) for each in found.dialog.triggers] == [
        ("words", ["müll", "tonne"], "", True),
        ("first_contact", None, "", False),
        ("link", None, "plakat", False),
    ]
    assert "Nord" in told(found)
    assert len(found.report.left) == 2


def test_glific_messages_with_buttons_become_choices() -> None:
    found = bring(exports.glific())[0]
    assert found.dialog is not None
    first, second = (each for each in found.dialog.steps if isinstance(each, Choose))
    assert [option.title["de"] for option in first.options] == ["Papier", "Bio"]
    assert second.options[0].description == {"de": "Frisch"}
    assert [word for each in found.dialog.triggers for word in each.words["de"]] == ["abfall", "tonne"]
    assert "„Fehlt“" in told(found)
    assert "„parse_it“" in told(found)


def test_citizens_never_see_an_expression() -> None:
    for make in WHOLE:
        for each in bring(make()):
            if each.dialog:
                assert "@" not in document.written(each.dialog)


def test_a_flow_that_names_no_language_speaks_that_of_the_translation_that_says_the_same() -> None:
    found = one(say("a", "Hello"), language="base", localization={"en": {"a.0": {"text": ["Hello"]}}, "hi": {"a.0": {"text": ["Namaste"]}}})
    assert found.dialog is not None
    assert found.dialog.languages == ["en", "hi"]
    assert found.report.left == []
