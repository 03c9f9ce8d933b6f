"""Who may do what, when; and what is said when it is not right."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Address

pytestmark = pytest.mark.django_db


def test_a_second_person_releases(draft: Broadcast, people: list[Address], editor: Operator, approver: Operator) -> None:
    assert actions.submit(draft, operator=editor).state == "submitted"
    with pytest.raises(PermissionDenied):
        actions.approve(draft, operator=editor)
    assert actions.approve(draft, operator=approver).state == "approved"
    assert [event.what for event in draft.events.order_by("id")] == ["create", "submit", "approve"]
    assert not audit.verify(draft.organisation).broken_at


def test_whoever_hands_in_the_text_of_another_cannot_release_it(draft: Broadcast, people: list[Address], approver: Operator) -> None:
    actions.change(draft, operator=approver, version=0, hint="von mir geändert")
    actions.submit(draft, operator=approver)
    with pytest.raises(PermissionDenied):
        actions.approve(draft, operator=approver)


def test_without_the_rule_it_is_released_at_once(town: Organisation, draft: Broadcast, people: list[Address], editor: Operator) -> None:
    Organisation.objects.filter(pk=town.pk).update(approval_required=False)
    assert actions.submit(draft, operator=editor).state == "approved"


def test_a_change_after_release_makes_it_a_draft_again(released: Broadcast, editor: Operator) -> None:
    row = actions.change(released, operator=editor, version=0, title="Anders")
    assert (row.state, row.approver, row.version) == ("draft", None, 1)


def test_taking_it_back_into_writing_needs_a_new_release(released: Broadcast, editor: Operator) -> None:
    row = actions.rework(released, operator=editor)
    assert (row.state, row.approver) == ("draft", None)


def test_two_editors_notice_each_other(draft: Broadcast, editor: Operator, approver: Operator) -> None:
    actions.change(draft, operator=editor, version=0, title="Eins")
    with pytest.raises(actions.Stale):
        actions.change(draft, operator=approver, version=0, title="Zwei")


def test_sent_back_with_a_reason_it_can_be_written_on(
    draft: Broadcast, people: list[Address], editor: Operator, approver: Operator
) -> None:
    actions.submit(draft, operator=editor)
    assert actions.send_back(draft, operator=approver, reason="Datum fehlt").state == "draft"
    assert draft.events.order_by("-id")[0].text == "Datum fehlt"


def test_what_is_withdrawn_never_starts(released: Broadcast, editor: Operator) -> None:
    actions.withdraw(released, operator=editor)
    with pytest.raises(ValidationError):
        actions.pause(released, operator=editor)


def test_empty_text_and_empty_audience_keep_it_from_release(town: Organisation, editor: Operator) -> None:
    empty = actions.create(town, operator=editor)
    with pytest.raises(ValidationError) as problem:
        actions.submit(empty, operator=editor)
    assert len(problem.value.messages) == 3


def test_a_picture_needs_its_description(draft: Broadcast, people: list[Address], editor: Operator) -> None:
    media = [{"id": "8f0d3f3e-0000-4000-8000-000000000001", "kind": "image", "mime": "image/jpeg", "size": 10}]
    actions.change(draft, operator=editor, version=0, versions={"de": {"title": "Markt", "text": "Bild", "media": media}})
    with pytest.raises(ValidationError, match="Beschreibung"):
        actions.submit(draft, operator=editor)
