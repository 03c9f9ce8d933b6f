"""What becomes of a dialog: several hands, the way back, publishing, examples."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation, Team
from buergerdraht.dialogs import actions, carrying, document, editing, triggers
from buergerdraht.dialogs.actions import Stale
from buergerdraht.dialogs.models import Dialog, Session
from buergerdraht.dialogs.playing import Setting
from buergerdraht.dialogs.tests.conftest import Say
from buergerdraht.dialogs.tests.test_machine import BULKY

MOVES = [{"tap": "Abholung anmelden"}, {"say": "marktstr. 5"}, {"say": "in einer Woche"}, {"tap": "Ja"}, {"photo": 1}]


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", name="Andrea")
    Membership.objects.create(organisation=town, operator=operator, roles=["editor"])
    return operator


@pytest.fixture
def draft(bulky: Dialog) -> Dialog:
    return bulky


def say(row: Dialog, step: str, words: str) -> editing.Edit:
    values = editing.step_of(row.draft, step)
    assert values
    return editing.change(step, {**values, "text": {**values["text"], "de": words}}, editing.digest(values))


def fresh(row: Dialog) -> Dialog:
    return Dialog.objects.select_related("organisation", "live").get(pk=row.pk)


def test_an_empty_one_greets_and_ends_and_is_heard_by_nobody(town: Organisation, andrea: Operator) -> None:
    row = actions.create(town, "Sperrmüll melden", operator=andrea)
    assert (row.key, row.live) == ("sperrmuell_melden", None)
    assert document.load(row.draft).languages == ["de", "en"]
    assert actions.create(town, "Sperrmüll melden", operator=andrea).key == "sperrmuell_melden_2"
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["dialogs.create"] * 2


def test_what_two_change_at_different_steps_is_both_kept(draft: Dialog, andrea: Operator, kemal: Membership) -> None:
    mine, theirs = say(draft, "hello", "Moin."), say(draft, "street", "Wo wohnen Sie?")
    actions.change(draft, theirs, draft.stamp, operator=kemal.operator)
    actions.change(draft, mine, draft.stamp, operator=andrea)
    steps = fresh(draft).draft["steps"]
    assert (steps[0]["text"]["de"], steps[2]["text"]["de"]) == ("Moin.", "Wo wohnen Sie?")


def test_whoever_is_slower_at_one_step_is_told_by_whom_and_nothing_is_lost(draft: Dialog, andrea: Operator, kemal: Membership) -> None:
    mine = say(draft, "hello", "Moin.")
    actions.change(draft, say(draft, "hello", "Grüß Gott."), draft.stamp, operator=kemal.operator)
    with pytest.raises(Stale, match="Kemal"):
        actions.change(draft, mine, draft.stamp, operator=andrea)
    assert fresh(draft).draft["steps"][0]["text"]["de"] == "Grüß Gott."
    with pytest.raises(Stale):
        actions.change(draft, editing.remove("street"), draft.stamp, operator=andrea)
    with pytest.raises(Stale):
        actions.undo(draft, draft.stamp, operator=andrea)


def test_nobody_is_too_slow_for_what_they_typed_themselves(draft: Dialog, andrea: Operator, kemal: Membership) -> None:
    actions.change(draft, say(draft, "hello", "Moin."), draft.stamp, operator=andrea)
    row = actions.change(draft, editing.remove("street"), draft.stamp, operator=andrea)  # as seen before the words arrived
    assert (editing.step_of(row.draft, "street"), row.draft["steps"][0]["text"]["de"]) == (None, "Moin.")
    with pytest.raises(Stale, match="Andrea"):
        actions.change(draft, editing.remove("day"), draft.stamp, operator=kemal.operator)
    with pytest.raises(Stale):
        actions.change(draft, say(draft, "hello", "Grüß Gott."), draft.stamp, operator=andrea)  # an older window of her own


def test_back_and_forth_through_changes(draft: Dialog, andrea: Operator) -> None:
    before = draft.draft
    row = actions.change(draft, editing.remove("hello"), draft.stamp, operator=andrea)
    row = actions.change(row, editing.remove("street"), row.stamp, operator=andrea)
    after = row.draft
    for _time in range(2):
        actions.undo(row, fresh(row).stamp, operator=andrea)
    assert fresh(row).draft == before
    assert actions.undo(row, fresh(row).stamp, operator=andrea) is None
    for _time in range(2):
        actions.redo(row, fresh(row).stamp, operator=andrea)
    assert fresh(row).draft == after
    assert actions.redo(row, fresh(row).stamp, operator=andrea) is None


def test_a_new_change_ends_the_way_forth(draft: Dialog, andrea: Operator) -> None:
    actions.change(draft, editing.remove("hello"), draft.stamp, operator=andrea)
    actions.undo(draft, fresh(draft).stamp, operator=andrea)
    actions.change(draft, editing.shift("street", 1), fresh(draft).stamp, operator=andrea)
    assert actions.redo(draft, fresh(draft).stamp, operator=andrea) is None


def test_typing_on_is_one_step_back(draft: Dialog, andrea: Operator) -> None:
    for words in ("M", "Mo", "Moin"):
        row = fresh(draft)
        actions.change(row, say(row, "hello", words), row.stamp, operator=andrea)
    assert draft.changes.count() == 1
    actions.undo(draft, fresh(draft).stamp, operator=andrea)
    assert fresh(draft).draft["steps"][0]["text"]["de"].startswith("Guten Tag")


def test_nothing_with_an_error_goes_live(draft: Dialog, andrea: Operator) -> None:
    row = actions.change(draft, editing.change("file", {"kind": "case", "team": "Niemand"}), draft.stamp, operator=andrea)
    with pytest.raises(ValidationError, match="Niemand"):
        actions.publish(row, "", operator=andrea)
    assert draft.versions.count() == 1


def test_publishing_lets_citizens_hear_it_and_leaves_walkers_in_peace(draft: Dialog, andrea: Operator, say: Say) -> None:
    say("paula", "Sperrmüll")
    row = actions.change(draft, say_(draft, "street", "Wo wohnen Sie?"), draft.stamp, operator=andrea)
    assert "Welche Straße?" in say("paula", "1")
    version = actions.publish(row, "Freundlicher", operator=andrea, stamp=row.stamp)
    assert (version.number, version.note) == (2, "Freundlicher")
    assert Session.objects.get().version.number == 1
    say("otto", "Sperrmüll")
    assert "Wo wohnen Sie?" in say("otto", "1")


say_ = say


def test_the_way_back_to_an_earlier_version(draft: Dialog, andrea: Operator) -> None:
    row = actions.change(draft, editing.remove("hello"), draft.stamp, operator=andrea)
    actions.publish(row, "", operator=andrea)
    first = draft.versions.get(number=1)
    row = actions.revert(row, first, operator=andrea, stamp=fresh(row).stamp)
    assert row.draft["steps"][0]["id"] == "hello"
    assert fresh(row).live.number == 2  # type: ignore[union-attr]
    actions.undo(row, row.stamp, operator=andrea)
    assert fresh(row).draft["steps"][0]["id"] == "what"


def test_switched_off_nobody_begins_and_switched_on_they_do(draft: Dialog, andrea: Operator, say: Say) -> None:
    actions.switch_off(draft, operator=andrea)
    triggers.forget()
    assert "Was möchten Sie?" not in say("paula", "Sperrmüll")
    actions.switch_on(draft, operator=andrea)
    triggers.forget()
    assert "Was möchten Sie?" in say("otto", "Sperrmüll")
    actions.archive(draft, operator=andrea)
    triggers.forget()
    assert "Was möchten Sie?" not in say("gwen", "Sperrmüll")


def test_a_recorded_example_holds_publishing_back_until_it_is_right_again(draft: Dialog, andrea: Operator) -> None:
    example = actions.record_example(draft, "Abholung", MOVES, Setting(), operator=andrea)
    assert {"state": "done"} in example.moves
    assert {"note": "case"} in example.moves
    assert [each.verdict.good for each in actions.run_examples(draft)] == [True]
    row = actions.change(draft, say_(draft, "street", "Wo wohnen Sie?"), draft.stamp, operator=andrea)
    verdict = actions.run_examples(row)[0].verdict
    assert (verdict.good, "Wo wohnen Sie?" in verdict.problem) == (False, True)
    with pytest.raises(ValidationError, match="Abholung"):
        actions.publish(row, "", operator=andrea)
    actions.accept_example(example, operator=andrea)
    actions.publish(row, "", operator=andrea)


def test_an_example_needs_a_name_and_moves(draft: Dialog, andrea: Operator) -> None:
    for name, moves in (("", MOVES), ("x", [])):
        with pytest.raises(ValidationError):
            actions.record_example(draft, name, moves, Setting(), operator=andrea)


def test_a_file_goes_out_and_comes_back(draft: Dialog, andrea: Operator) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
    row = carrying.bring(other, carrying.pack(draft).data, operator=andrea).dialog
    assert row.draft["steps"] == draft.draft["steps"]
    with pytest.raises(ValidationError, match="hello"):
        actions.bring(other, BULKY.replace("kind: say", "kind: shout"), operator=andrea)


def test_a_copy_begins_with_nothing(draft: Dialog, andrea: Operator, yard: Team) -> None:
    row = actions.copy(draft, operator=andrea)
    assert row.title == "Sperrmüll (Kopie)"
    assert (row.key != draft.key, row.draft.get("triggers", [])) == (True, [])
