"""The banner of a thread that was set aside or is urgent, its buttons, and the log of what was decided."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import asides
from buergerdraht.conversations.models import Conversation, Message

pytestmark = pytest.mark.django_db


def press(desk: Client, name: str, thread: Conversation, **fields: str) -> int:
    return desk.post(reverse(f"conversations:{name}", args=["musterstadt", thread.pk]), fields, headers={"HX-Request": "true"}).status_code


def shown(desk: Client, thread: Conversation) -> str:
    return desk.get(reverse("conversations:head", args=["musterstadt", thread.pk])).content.decode()


def logged() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="conversations.").order_by("id").values_list("action", flat=True))


def test_set_aside_by_hand_and_brought_back(desk: Client, thread: Conversation) -> None:
    assert "Zurückholen" not in shown(desk, thread)
    assert press(desk, "set_aside", thread, grund="spam") == 200
    thread.refresh_from_db()
    assert (thread.state, thread.aside, thread.unread, thread.waiting_since) == ("bot", "spam", 0, None)
    assert "Beiseitegelegt: Werbung oder Betrug." in shown(desk, thread)
    assert press(desk, "bring_back", thread) == 200
    thread.refresh_from_db()
    assert (thread.state, thread.aside) == ("open", "")
    assert thread.waiting_since
    assert [each for each in logged() if "read" not in each] == ["conversations.set_aside", "conversations.brought_back"]
    assert [each.kind for each in Message.objects.filter(author="system").order_by("id")] == ["set_aside", "brought_back"]


def test_blocked_with_a_reason_that_stands_in_the_log_and_taken_back(desk: Client, thread: Conversation) -> None:
    assert press(desk, "block", thread, grund="weil") == 422
    assert press(desk, "block", thread) == 422
    assert Address.objects.get().state == "active"
    assert press(desk, "block", thread, grund="threat") == 200
    assert Address.objects.get().state == "blocked"
    assert AuditEntry.objects.get(action="conversations.blocked").details["reason"] == "threat"
    assert "Blockierung aufheben" in shown(desk, thread)
    assert press(desk, "unblock", thread) == 200
    thread.refresh_from_db()
    assert (Address.objects.get().state, thread.aside, thread.state) == ("active", "", "open")
    assert "conversations.unblocked" in logged()


def test_nobody_is_asked_to_answer_whoever_is_blocked(desk: Client, thread: Conversation) -> None:
    press(desk, "block", thread, grund="threat")
    page = desk.get(reverse("conversations:thread", args=["musterstadt", thread.pk])).content.decode()
    assert "Diese Person ist blockiert. Eine Notiz ist möglich." in page
    assert 'data-key="take"' not in page
    refused = desk.post(
        reverse("conversations:reply", args=["musterstadt", thread.pk]),
        {"art": "antwort", "text": "Guten Tag"},
        headers={"HX-Request": "true"},
    )
    assert "Diese Person hat keinen Kanal" in refused.content.decode()
    assert not Message.objects.filter(author="operator").exists()


@pytest.mark.parametrize("reason", ["blocked", "nonsense", ""])
def test_only_the_reasons_offered_count(desk: Client, thread: Conversation, reason: str) -> None:
    assert press(desk, "set_aside", thread, grund=reason) == 422
    thread.refresh_from_db()
    assert thread.aside == ""


def test_an_emergency_is_calmed_and_logged(desk: Client, thread: Conversation) -> None:
    Conversation.objects.update(urgent_at=timezone.now())
    assert "Entwarnung" in shown(desk, thread)
    assert press(desk, "calm", thread) == 200
    assert press(desk, "calm", thread) == 200
    assert "Entwarnung" not in shown(desk, thread)
    assert logged().count("conversations.calmed") == 1


def test_whoever_only_reads_sees_the_reason_and_no_button(client: Client, reader: Operator, thread: Conversation, andrea: Operator) -> None:
    asides.set_aside(thread, "chain", operator=andrea)
    client.force_login(reader)
    assert "Beiseitegelegt: Kettenbrief." in shown(client, thread)
    assert "Zurückholen" not in shown(client, thread)
    assert press(client, "bring_back", thread) == 403
