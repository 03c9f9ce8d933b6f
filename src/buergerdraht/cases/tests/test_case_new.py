"""A case taken down by one of us, and the block of cases beside a conversation."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Category, Follower
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway.models import Channel

DESK = "/o/musterstadt/"
NEW = f"{DESK}anliegen/neu/"


@pytest.fixture
def client(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


@pytest.fixture
def paula(channel: Channel) -> Address:
    contact = Contact.objects.create(organisation=channel.organisation, name="Paula", language="de")
    address = Address.objects.create(
        organisation=channel.organisation, contact=contact, channel=channel, address="paula", address_hash=b"paula",
        last_inbound_at=timezone.now(),
    )  # fmt: skip
    outgoing.thread(contact)
    return address


def taken(client: Client, category: Category, **fields: Any) -> str:
    given = {"category": category.pk, "text": "Loch vor dem Haus", "place": "Marktstr. 12"} | fields
    answer = client.post(NEW, given, follow=True)
    return " ".join(answer.content.decode().split())


def test_a_call_becomes_a_case_with_its_place_and_a_sealed_caller(client: Client, kemal: Operator, hole: Category) -> None:
    shown = taken(client, hole, name="Rita Ruf", phone="+49 30 23125 001", email="rita@ruf.example")
    case = Case.objects.get()
    assert f"Das Anliegen {case.number} ist angelegt" in shown
    assert (case.origin, case.place, case.latitude, case.contact) == ("operator", "Marktstraße 12", 51.101, None)
    assert json.loads(case.reporter) == {"name": "Rita Ruf", "email": "rita@ruf.example", "phone": "+49 30 23125 001"}
    assert "Rita Ruf" in shown
    assert AuditEntry.objects.get(action="cases.open").operator == kemal
    assert "Rita" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_coordinates_are_a_place_and_an_unknown_one_is_kept_as_typed(client: Client, hole: Category) -> None:
    taken(client, hole, place="51.1234, 7.1234")
    taken(client, hole, place="Hinter der Mühle am Teich")
    first, second = Case.objects.order_by("pk")
    assert (first.latitude, first.longitude) == (51.1234, 7.1234)
    assert (second.place, second.latitude) == ("Hinter der Mühle am Teich", None)


def test_a_place_beyond_the_border_is_noted_with_whose_it_is(client: Client, hole: Category) -> None:
    taken(client, hole, place="51.1000, 7.3000")
    assert Case.objects.get().entries.get(what="opened").data["beyond"] == "Nachbarstadt"


def test_what_may_be_the_same_is_shown_before_it_is_taken_down(client: Client, hole: Category) -> None:
    taken(client, hole)
    first = Case.objects.get()
    shown = taken(client, hole, text="Noch ein Loch")
    assert "Ist es das?" in shown
    assert first.number in shown
    assert "Noch ein Loch" in shown
    assert Case.objects.count() == 1
    taken(client, hole, text="Noch ein Loch", doch="on")
    assert Case.objects.count() == 2


def test_the_categorys_questions_are_asked_and_checked(client: Client, waste: Category) -> None:
    looked = taken(client, waste, fragen="1")
    assert "Was liegt dort?" in looked
    assert not Case.objects.exists()
    assert "Bitte beantworten Sie" in taken(client, waste)
    assert "Möglich sind" in taken(client, waste, **{"frage-kind": "Gold"})
    assert not Case.objects.exists()
    taken(client, waste, **{"frage-kind": "Sperrmüll"})
    assert Case.objects.get().answers == {"kind": "Sperrmüll"}


def test_what_is_missing_is_said_and_nothing_typed_is_lost(client: Client, hole: Category) -> None:
    answer = client.post(NEW, {"category": hole.pk, "text": "Lange getippt", "place": "", "name": "Rita Ruf"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    for words in ("gehört ein Ort", "Lange getippt", "Rita Ruf"):
        assert words in shown
    assert client.post(NEW, {"category": "99999999999999999999", "text": "x"}).status_code == 422
    assert client.post(NEW, {"category": "1\0", "text": "x"}).status_code == 422
    assert not Case.objects.exists()


def test_photos_come_along_and_what_is_none_is_refused(client: Client, hole: Category) -> None:
    out, text = io.BytesIO(), io.BytesIO(b"MZ nichts")
    Image.new("RGB", (60, 40), "red").save(out, "JPEG")
    out.name, text.name = "loch.jpg", "loch2.jpg"
    out.seek(0)
    taken(client, hole, photos=[out, text])
    assert not Case.objects.exists()
    out.seek(0)
    taken(client, hole, photos=[out])
    photo = Case.objects.get().photos.get()
    assert (photo.kind, photo.state) == ("before", "waiting")


def test_from_a_conversation_the_person_follows(client: Client, hole: Category, paula: Address) -> None:
    assert "Paula" in client.get(f"{NEW}?kontakt={paula.contact_id}").content.decode()
    taken(client, hole, kontakt=paula.contact_id)
    follower = Follower.objects.get()
    assert (follower.contact, follower.address, follower.case.contact) == (paula.contact, paula, paula.contact)


def test_nobody_is_reached_for_whom_one_may_not_see(client: Client, town: Organisation, hole: Category, paula: Address) -> None:
    Conversation.objects.update(confidential=True)
    assert client.get(f"{NEW}?kontakt={paula.contact_id}").status_code == 404
    other = Organisation.objects.create(slug="nachbar", name="Nachbar")
    stranger = Contact.objects.create(organisation=other, name="Fremd")
    assert client.get(f"{NEW}?kontakt={stranger.pk}").status_code == 404


def test_a_confidential_one_goes_to_the_named_even_if_somebody_else_takes_it(town: Organisation, complaint: Category) -> None:
    maria = Client()
    maria.force_login(make_operator(town, "maria"))
    answer = maria.post(NEW, {"category": complaint.pk, "text": "Beschwerde über das Amt"})
    case = Case.objects.get()
    assert case.confidential
    assert answer.status_code == 302
    assert case.number not in answer["Location"]
    assert maria.get(f"{DESK}anliegen/{case.number}/").status_code == 404


def test_only_those_who_work_on_cases_take_one_down(town: Organisation) -> None:
    vera = Client()
    vera.force_login(make_operator(town, "vera", role="viewer"))
    assert vera.get(NEW).status_code == 403


# ── Beside a conversation ─────────────────────────────────────────────────


def test_beside_a_thread_stand_the_persons_cases_and_the_way_to_a_new_one(client: Client, hole: Category, paula: Address) -> None:
    thread = outgoing.thread(paula.contact)
    path = f"{DESK}posteingang/{thread.pk}/"
    assert "Noch kein Anliegen" in client.get(path).content.decode()
    case = opening.open(opening.Matter(category=hole, at=timezone.now(), contact=paula.contact, address=paula))
    shown = client.get(path).content.decode()
    assert f"/anliegen/{case.number}/" in shown
    assert shown.count(f"/anliegen/neu/?kontakt={paula.contact_id}") == 2  # in the block, and in the menu of the thread


def test_a_hidden_case_is_not_named_beside_the_thread(town: Organisation, complaint: Category, paula: Address) -> None:
    thread = outgoing.thread(paula.contact)
    case = opening.open(opening.Matter(category=complaint, at=timezone.now(), contact=paula.contact, address=paula))
    Conversation.objects.update(confidential=False)
    maria = Client()
    maria.force_login(make_operator(town, "maria"))
    assert case.number not in maria.get(f"{DESK}posteingang/{thread.pk}/").content.decode()
