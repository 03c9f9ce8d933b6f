"""Each of their actions becomes a step that does the same, or is left out with advice."""

from __future__ import annotations

from typing import Any

import pytest

from buergerdraht.dialogs import document
from buergerdraht.dialogs.document import Call, Dialog, HandOver, Say, Set, Start, Subscribe
from buergerdraht.dialogs.rapidpro.bringing import Imported, bring
from buergerdraht.dialogs.rapidpro.tests import exports
from buergerdraht.dialogs.rapidpro.tests.exports import export, flow, join, keep, msg, node, router, say, wait


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


def test_groups_become_topics() -> None:
    found = one(node("a", join("Bürger Süd", "Presse"), join("Alt", leaving=True), msg("Gut")))
    assert found.dialog is not None
    joined, gone = [each for each in found.dialog.steps if isinstance(each, Subscribe)]
    assert (joined.topics, joined.leave, gone.topics, gone.leave) == (["buerger_sued", "presse"], False, ["alt"], True)
    assert "Gruppe „Bürger Süd“ wird zum Thema „buerger_sued“: bitte Thema anlegen." in told(found)


def test_results_fields_and_locals_are_kept() -> None:
    found = dialog(
        node(
            "a",
            {"type": "set_run_result", "name": "Meine Zahl", "value": "@(fields.x + 1)", "category": "Gut"},
            keep("y", "@results.meine_zahl"),
            {"type": "set_run_local", "name": "n", "value": "2", "operation": "increment"},
            {"type": "set_contact_name", "name": "@results.meine_zahl"},
            msg("@results.meine_zahl.category"),
        ),
    )
    kept = [(each.what, each.name, each.value) for each in found.steps if isinstance(each, Set)]
    assert kept == [
        ("answer", "meine_zahl", "{{ contact.fields.x | plus: 0 | plus: 1 }}"),
        ("answer", "meine_zahl_category", "Gut"),
        ("field", "y", "{{ answers.meine_zahl }}"),
        ("answer", "local_n", "{{ raw.local_n | plus: 2 }}"),
        ("name", "", "{{ answers.meine_zahl }}"),
    ]


def test_another_flow_is_started_as_a_part_or_instead() -> None:
    first, second = bring(exports.bulky())[0].dialog, bring(exports.trial())[0].dialog
    assert first is not None
    assert second is not None
    assert (step(first, Start).dialog, step(first, Start).instead) == ("adresse", False)
    assert (step(second, Start).dialog, step(second, Start).instead) == ("umfrage", True)


def test_another_flow_begins_once_its_node_is_done() -> None:
    found = dialog(node("a", exports.enter("Fremd"), msg("Erst das."), to="b"), say("b", "Dann das."))
    assert [each.kind for each in found.steps] == ["say", "start", "say"]
    found = dialog(node("a", exports.enter("Fremd", terminal=True), to="b"), say("b", "Nie gesagt."))
    assert [each.kind for each in found.steps] == ["start"]


def test_a_flow_that_is_not_in_the_file_is_named() -> None:
    found = one(node("a", exports.enter("Fremd"), msg("x")))
    assert "„Fremd“ steht nicht in der Datei" in told(found)


def test_two_flows_of_one_name_get_two_keys_and_are_found_by_their_number() -> None:
    second = {**flow("Gleich", say("a", "Zwei")), "uuid": "flow-zwei"}
    caller = flow("Ruft", node("a", {"type": "enter_flow", "flow": {"uuid": "flow-zwei", "name": "Gleich"}}, msg("x")))
    found = [each.dialog for each in bring(export(flow("Gleich", say("a", "Eins")), second, caller))]
    assert [each.key for each in found if each] == ["gleich", "gleich_2", "ruft"]
    assert found[2] is not None
    assert step(found[2], Start).dialog == "gleich_2"


def test_a_webhook_becomes_a_call_without_its_secrets() -> None:
    found = bring(exports.permit())[0]
    assert found.dialog is not None
    call = step(found.dialog, Call)
    assert (call.system, call.method, call.path) == ("akten_beispiel_invalid", "POST", "/v1/stand?nr={{ answers.aktenzeichen }}")
    assert call.body == {"nr": "{{ answers.aktenzeichen }}", "von.name": "{{ contact.name }}"}
    assert call.take == {"webhook_seit": "seit", "webhook_stand": "stand"}
    assert found.dialog.step(call.on_failure).text == {"de": "Das weiß ich gerade nicht."}  # type: ignore[union-attr]
    assert "geheim" not in document.written(found.dialog) + told(found)
    assert "Bitte das System „akten_beispiel_invalid“ eintragen" in told(found)


def test_a_failed_call_never_ends_in_silence() -> None:
    call = {"type": "call_webhook", "method": "GET", "url": "https://a.invalid/", "result_name": "r"}
    found = one(
        router("a", [("has_only_text", ["Success"], "Success")], {"Success": "b", "Failure": None}, call, operand="@results.r.category"),
        say("b", "Gut"),
    )
    assert found.dialog is not None
    assert (step(found.dialog, Call).on_no, step(found.dialog, Call).on_failure) == ("person", "person")
    assert "hilft ein Mensch" in told(found)


def test_a_ticket_at_the_end_hands_over_and_one_in_the_middle_opens_a_case() -> None:
    ticket = {"type": "open_ticket", "topic": {"name": "Bauamt"}, "body": "Von @contact"}
    ends = dialog(node("a", msg("Moment."), ticket))
    assert isinstance(ends.steps[-1], HandOver)
    goes_on = dialog(node("a", ticket, msg("Danke."), to="b"), say("b", "Noch eins?", to="c"), wait("c", [], {"All": None}))
    assert [each.kind for each in goes_on.steps] == ["case", "say", "ask"]
    assert goes_on.steps[0].summary == {"de": "Von {{ contact.name }}"}  # type: ignore[union-attr]


def test_an_attachment_is_left_out_with_its_host_and_where_to_upload() -> None:
    found = bring(exports.permit())[0]
    (entry,) = [each for each in found.report.left if each.kind == "attachment"]
    assert "bilder.beispiel.invalid" in entry.why
    assert "hochladen" in entry.why


@pytest.mark.parametrize(
    "kind",
    [
        "send_email",
        "send_broadcast",
        "start_session",
        "add_input_labels",
        "transfer_airtime",
        "call_llm",
        "call_classifier",
        "request_optin",
        "play_audio",
        "add_contact_urn",
        "set_contact_status",
        "set_contact_channel",
        "link_google_sheet",
        "nie_gehoert",
        "",
    ],
)
def test_what_has_no_step_is_reported_with_advice_and_the_rest_goes_on(kind: str) -> None:
    found = one(node("a", {"type": kind, "status": "stopped"}, msg("Weiter.")))
    assert found.dialog is not None
    assert [each.kind for each in found.dialog.steps] == ["say"]
    (entry,) = found.report.left
    assert entry.where == "Knoten 1 (a), Aktion 1"
    assert len(entry.why) > 20


def test_what_was_left_out_counts_as_not_having_worked() -> None:
    action = {"type": "call_llm", "instructions": "x", "output_local": "_llm_output"}
    found = one(
        router("a", [("has_only_text", ["<ERROR>"], "Failure")], {"Success": "b", "Failure": "c"}, action, operand="@locals._llm_output"),
        say("b", "Ja"),
        say("c", "Nein"),
    )
    assert found.dialog is not None
    assert [each.text for each in found.dialog.steps if isinstance(each, Say)] == [{"de": "Nein"}]


def test_the_answer_of_a_glific_call_is_spoken_of_by_its_name() -> None:
    call = {
        "type": "call_webhook",
        "method": "POST",
        "url": "https://a.invalid/x",
        "result_name": "auskunft",
        "body": '{"nr": "@results.nr"}',
    }
    found = dialog(
        router(
            "a", [("has_only_text", ["Success"], "Success")], {"Success": "b", "Failure": "c"}, call, operand="@results.auskunft.category"
        ),
        node("b", {"type": "wait_for_result", "delay": "60"}, msg("Es heißt: @results.auskunft.message")),
        say("c", "Leider nicht."),
    )
    assert step(found, Call).take == {"webhook_message": "message"}
    assert step(found, Say).text == {"de": "Es heißt: {{ answers.webhook_message }}"}
    assert [each.kind for each in found.steps] == ["call", "say", "say"]


def test_the_way_behind_a_ticket_is_not_held_up_by_what_its_router_asks() -> None:
    found = dialog(
        router(
            "a",
            [("has_category", ["Success"], "Success")],
            {"Success": "b", "Failure": None},
            {"type": "open_ticket", "body": "", "result_name": "Ticket"},
            operand="@results.ticket",
        ),
        say("b", "Gleich meldet sich jemand."),
    )
    assert [each.kind for each in found.steps] == ["hand_over"]
    assert step(found, HandOver).text == {"de": "Gleich meldet sich jemand."}
