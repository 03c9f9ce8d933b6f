"""After an erasure nothing is found, in any column, decrypted or not; the proof and the ledger stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts import audit, vault
from buergerdraht.broadcasts.models import Recipient
from buergerdraht.contacts import commands
from buergerdraht.contacts.models import Consent, Contact
from buergerdraht.conversations import recording
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.privacy import retention
from buergerdraht.privacy.erase import erase
from buergerdraht.privacy.models import Erasure
from buergerdraht.privacy.tests.conftest import SECRETS, Citizen, message

pytestmark = pytest.mark.django_db


def everything() -> str:
    """Read every column of every table, opening what is sealed."""
    found = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                found.extend(_opened(cell) for cell in row)
    return "\n".join(found)


def _opened(cell: object) -> str:
    if isinstance(cell, bytes | memoryview):
        try:
            return vault.decrypt(cell)
        except Exception:
            return bytes(cell).decode("utf-8", "replace")
    return str(cell)


def left() -> set[str]:
    whole = everything().replace("49171392001479", "somebody else")
    return {secret for secret in SECRETS if secret in whole}


def test_the_search_itself_finds_everything_before(citizen: Citizen) -> None:
    assert left() == set(SECRETS)


def test_nothing_is_left(citizen: Citizen, settings: LazySettings, django_capture_on_commit_callbacks: object) -> None:
    folder = Path(settings.MEDIA_FOLDER)
    assert [path for path in folder.rglob("*") if path.is_file()]
    with django_capture_on_commit_callbacks(execute=True):
        proof = erase(citizen.address.contact, wish="operator", operator=citizen.operator)
    assert left() == set()
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert not Contact.objects.exists()
    assert InboundEvent.objects.get().body == b'{"from":"49171392001479","text":"jemand anders"}'
    assert proof.counts["messages"] >= 3
    assert bytes(proof.subjects[0])


def test_the_ledger_and_the_sums_stay(citizen: Citizen) -> None:
    subject = bytes(citizen.address.address_hash)
    erase(citizen.address.contact, wish="citizen")
    rows = Consent.objects.filter(subject=subject)
    assert {"grant", "confirm", "withdraw"} <= set(rows.values_list("act", flat=True))
    assert not rows.exclude(contact=None).exists()
    row = Recipient.objects.get()
    assert (row.contact, row.outbound.state) == (None, "accepted")
    assert Outbound.objects.filter(batch=citizen.broadcast.pk).count() == 1
    assert audit.verify(citizen.town).broken_at == 0


def test_the_citizen_erases_by_two_messages(citizen: Citizen, django_capture_on_commit_callbacks: object) -> None:
    ask = message(citizen.channel, "2", "LÖSCHEN")
    recording.record(ask)
    assert commands.take(ask)
    assert Contact.objects.exists()
    event = InboundEvent.objects.create(channel=citizen.channel, body=b'{"from":"4917139200147"}', state="new")
    with django_capture_on_commit_callbacks(execute=True):
        yes = message(citizen.channel, "3", "Ja")
        recording.record(yes)
        assert commands.take(yes)
        event.state = "done"
        event.save()
    assert not Contact.objects.exists()
    assert Erasure.objects.get().wish == "citizen"
    farewell = Outbound.objects.get(batch=None)
    assert "gelöscht" in farewell.content.content["text"]
    assert not InboundEvent.objects.filter(pk=event.pk).exists()
    Outbound.objects.update(state="accepted", finished_at=timezone.now())
    retention.run(citizen.town)
    assert left() == set()


def test_what_was_handed_in_sealed_on_our_own_page_goes_too(citizen: Citizen) -> None:
    mine, other = (
        InboundEvent.objects.create(channel=citizen.channel, source="door", body=vault.encrypt(f'"address":"{who}"'), state="done")
        for who in ("4917139200147", "49171392001478")
    )
    erase(Contact.objects.get(), wish="citizen")
    assert list(InboundEvent.objects.filter(source="door")) == [other]
    assert mine != other


def test_no_keeps_everything(citizen: Citizen) -> None:
    commands.take(message(citizen.channel, "2", "LÖSCHEN"))
    assert commands.take(message(citizen.channel, "3", "nein"))
    assert Contact.objects.exists()


def test_an_old_button_asks_again(citizen: Citizen) -> None:
    assert commands.take(message(citizen.channel, "3", "Ja, alles löschen", kind="choice", choice="erase:yes"))
    assert Contact.objects.exists()


def test_an_operator_confirms_on_a_page(citizen: Citizen) -> None:
    desk = Client()
    desk.force_login(citizen.operator)
    url = reverse("privacy:contact_erase", args=("musterstadt", citizen.address.contact_id))
    assert "Frau Zwetschgenmus" in desk.get(url).content.decode()
    assert desk.post(url).status_code == 422
    assert Contact.objects.exists()
    assert desk.post(url, {"bestaetigt": "1"}).status_code == 302
    assert not Contact.objects.exists()
    assert "durch Dana Schutz" in desk.get(reverse("privacy:log", args=("musterstadt",))).content.decode()


def test_what_lies_elsewhere_is_named_before_and_after(citizen: Citizen) -> None:
    """A mailbox keeps its mails, whatever we delete: whoever answers for the data must know, on the page and in the log."""
    box = Channel.objects.create(organisation=citizen.town, kind="email", name="Rathauspost", config="{}", state="running")
    Channel.objects.create(organisation=citizen.town, kind="signal", name="Nie gestartet", config="{}", state="setup")
    desk = Client()
    desk.force_login(citizen.operator)
    log, page = reverse("privacy:log", args=("musterstadt",)), ("musterstadt", citizen.address.contact_id)
    assert "Rathauspost" in (shown := desk.get(log).content.decode())
    assert "Nie gestartet" not in shown
    assert "Rathauspost" not in desk.get(reverse("privacy:contact_erase", args=page)).content.decode()  # they never wrote a mail
    citizen.address.contact.addresses.update(channel=box)
    assert "Die Mails selbst liegen im Postfach" in desk.get(reverse("privacy:contact_erase", args=page)).content.decode()
