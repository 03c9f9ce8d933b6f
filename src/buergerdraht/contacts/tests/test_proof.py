"""A forged mail neither erases a person nor lets anybody in: what counts is an answer to a letter of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions, commands, moving
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.contacts.tests.town import Say, heard, last, message, titles
from buergerdraht.gateway.models import Channel, Outbound, Part

pytestmark = pytest.mark.django_db
ZOE = Sender(address="zoe@buerger.example", name="Zoë", handle="zoe@buerger.example")


@pytest.fixture
def post(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="email", name="Post", config="{}", state="running")


@pytest.fixture
def erased(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(commands.erase_wanted, "send", lambda _sender, contact, **_more: found.append(contact.pk))
    return found


def write(post: Channel, text: str, **fields: Any) -> bool:
    incoming = message(post, text, sender=ZOE, proven=False, **fields)
    return commands.take(incoming) or moving.take(incoming)


def sent(post: Channel) -> str:
    """Let the newest letter be accepted, and name it as the mail server knows it."""
    row = Outbound.objects.filter(channel=post).latest("id")
    name = f"<{row.pk}.0.0123456789abcdef01234567@stadt.example>"
    Part.objects.create(outbound=row, channel=post, position=0, external_id=name, state="accepted", at=timezone.now())
    return name


def test_two_forged_mails_erase_nobody(post: Channel, erased: list[int]) -> None:
    assert write(post, "LÖSCHEN")
    assert write(post, "JA")
    assert erased == []
    assert "kann der Absender gefälscht sein" in last(post)
    assert Contact.objects.get().state != "stopped"


def test_an_answer_to_our_question_erases(post: Channel, erased: list[int]) -> None:
    assert write(post, "LÖSCHEN")
    assert write(post, "JA", quote=sent(post))
    assert erased == [Contact.objects.get().pk]


def test_an_answer_to_an_older_letter_or_to_somebody_elses_proves_nothing(post: Channel, erased: list[int]) -> None:
    assert write(post, "HILFE")
    older = sent(post)
    Outbound.objects.update(created_at=timezone.now() - timedelta(hours=2))
    commands.take(message(post, "HILFE", sender=Sender(address="kim@buerger.example")))
    other = sent(post)
    assert write(post, "LÖSCHEN")
    for quote in (older, other, "<1.0.ffffffffffffffffffffffff@stadt.example>"):
        assert write(post, "JA", quote=quote)
    assert erased == []


def test_a_code_in_a_forged_mail_joins_nobody(say: Say, telegram: Channel, subscriber: Address, post: Channel) -> None:
    actions.meet(post, ZOE, timezone.now())
    code = moving.code_for(subscriber.contact)
    assert write(post, code)
    assert Contact.objects.count() == 2
    assert "kann der Absender gefälscht sein" in last(post)
    assert write(post, code, quote=sent(post))  # whoever reads that mailbox is asked
    assert "zusammengeführt" in last(post)
    question = sent(post)
    assert write(post, "JA")
    assert Contact.objects.count() == 2
    assert write(post, "JA", quote=question)
    assert Contact.objects.count() == 1


def test_what_a_forged_mail_asks_for_goes_to_the_mailbox_it_names(post: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_link", lambda contact: ("https://stadt.example/auskunft/x/", timezone.now()))
    assert write(post, "AUSKUNFT")
    assert "/auskunft/x/" in heard(post)[-1]
    assert Outbound.objects.get().address == "zoe@buerger.example"


def test_a_forged_wish_for_a_language_is_answered_in_it_and_changes_nothing(post: Channel) -> None:
    actions.meet(post, ZOE, timezone.now())
    assert write(post, "English")
    assert "can be forged" in last(post)
    assert titles(post) == ["English"]
    assert Contact.objects.get().language == "de"
    assert write(post, "English", quote=sent(post))
    assert Contact.objects.get().language == "en"
    assert "can be forged" not in last(post)


def test_a_language_chosen_from_the_list_needs_the_answer_too(post: Channel) -> None:
    assert write(post, "SPRACHE")
    assert write(post, "2")
    assert Contact.objects.get().language == "de"
    assert write(post, "English", quote=sent(post))
    assert Contact.objects.get().language == "en"
