"""A mail whose sender anybody can write begins what it likes, and changes nothing: the mailbox it names is asked, and its answer counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht import inbound
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.appointments.models import Booking
from buergerdraht.appointments.tests.conftest import booked, make_offer
from buergerdraht.cases.models import Case
from buergerdraht.cases.tests.conftest import make_category
from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.consultations.models import Guest
from buergerdraht.consultations.tests.conftest import make_hour
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact, Topic
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs import triggers
from buergerdraht.dialogs.models import Session
from buergerdraht.dialogs.tests.conftest import make_live
from buergerdraht.gateway.models import Channel, Outbound, Part

pytestmark = pytest.mark.django_db
NUMBERS = count(1)
FORGED = "kann der Absender gefälscht sein"
METER = """
key: stand
title: {de: Zählerstand}
triggers: [{on: words, words: {de: [Zählerstand]}}]
steps:
- {id: frage, kind: choose, text: {de: "Wollen Sie ihn melden?"},
   options: [{id: ja, title: {de: "Ja, melden"}}, {id: nein, title: {de: Lieber nicht}}]}
- {id: merken, kind: set, what: field, name: stand, value: "4711"}
- {id: ende, kind: end, text: {de: Gemeldet.}}
"""
LEAVING = """
key: weg
title: {de: Weg}
triggers: [{on: words, words: {de: [Kultur weg]}}]
steps:
- {id: erst, kind: say, text: {de: Einen Moment.}}
- {id: weg, kind: subscribe, topics: [kultur], leave: true}
- {id: ende, kind: end, text: {de: Erledigt.}}
"""
HOURS = """
key: zeiten
title: {de: Zeiten}
triggers: [{on: words, words: {de: [Zeiten]}}]
steps:
- {id: frage, kind: choose, text: {de: "Welches Amt?"}, options: [{id: rathaus, title: {de: Rathaus}}, {id: bad, title: {de: Freibad}}]}
- {id: ende, kind: end, text: {de: Montag bis Freitag.}}
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    triggers.forget()
    yield
    triggers.forget()


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def post(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="email", name="Post", config="{}", state="running")


@pytest.fixture
def topics(town: Organisation) -> list[Topic]:
    return [
        Topic.objects.create(organisation=town, key=key, title={"de": key.title()}, position=place)
        for place, key in enumerate(("verkehr", "kultur"))
    ]


@pytest.fixture
def zoe(post: Channel, topics: list[Topic]) -> Address:
    """Zoë, who confirmed both topics."""
    address = actions.meet(post, Sender(address="zoe@buerger.example", name="Zoë"), timezone.now())
    proof = Proof(channel=post, evidence="m0", text="Hinweis")
    actions.subscribe(address.contact, topics, address, proof)
    actions.confirm(address.contact, address, proof)
    return address


def write(post: Channel, text: str, *, proven: bool = False, **fields: Any) -> str:
    """Let a mail come in that names Zoë as its sender; gives what her mailbox got for it."""
    before = Outbound.objects.count()
    event = Received(
        external_id=f"<{next(NUMBERS)}@buerger.example>", sender=Sender(address="zoe@buerger.example", name="Zoë"), at=timezone.now(),
        text=text, proven=proven, **fields,
    )  # fmt: skip
    inbound.handle(post, event)
    rows = list(Outbound.objects.filter(channel=post).select_related("content").order_by("id"))[before:]
    assert {row.address for row in rows} <= {"zoe@buerger.example"}
    return "\n".join(line for row in rows for line in [row.content.content["text"], *titles(row)])


def titles(row: Outbound) -> list[str]:
    return [each["title"] for each in row.content.content.get("choices", [])]


def letter(post: Channel) -> str:
    """Name the newest letter as the mail server knows it: who has read it can."""
    row = Outbound.objects.filter(channel=post).latest("id")
    name = f"<{row.pk}.0.0123456789abcdef01234567@stadt.example>"
    Part.objects.get_or_create(
        outbound=row, channel=post, position=0, defaults={"external_id": name, "state": "accepted", "at": timezone.now()}
    )
    return name


def subscribed() -> set[str]:
    return set(Contact.objects.get().subscriptions.filter(confirmed_at__isnull=False).values_list("topic__key", flat=True))


def test_a_stop_is_never_asked_about_and_who_did_not_write_it_reads_how_to_come_back(post: Channel, zoe: Address) -> None:
    answer = write(post, "STOPP")
    assert "abgemeldet" in answer
    assert "START" in answer
    assert (subscribed(), Contact.objects.get().state) == (set(), "stopped")


def test_a_stop_in_a_flood_counts_too(post: Channel, zoe: Address) -> None:
    write(post, "STOPP", flooding=True)
    assert Contact.objects.get().state == "stopped"


@pytest.mark.parametrize("words", [["PAUSE bis 24.12."], ["PAUSE", "2 Wochen"]])
def test_nobody_is_silenced_by_a_forged_pause(post: Channel, zoe: Address, words: list[str]) -> None:
    answers = [write(post, each) for each in words]
    assert FORGED in answers[-1]
    assert Contact.objects.get().paused_until is None
    assert "Pause bis" in write(post, words[-1], quote=letter(post))
    assert Contact.objects.get().paused_until is not None


def test_topics_go_only_by_an_answer_to_our_letter(post: Channel, zoe: Address) -> None:
    write(post, "THEMEN")
    write(post, "Kultur")
    answer = write(post, "Fertig")
    assert FORGED in answer
    assert "Fertig" in answer  # what can be chosen stands there again
    assert subscribed() == {"verkehr", "kultur"}
    write(post, "Fertig", quote=letter(post))
    assert subscribed() == {"verkehr"}


def test_nobody_is_subscribed_by_two_forged_mails(post: Channel, topics: list[Topic]) -> None:
    """Double opt-in: a mailbox that never answered has not confirmed."""
    write(post, "ABO Verkehr")
    assert FORGED in write(post, "JA")
    assert subscribed() == set()
    assert not Consent.objects.filter(act="confirm").exists()
    write(post, "JA", quote=letter(post))
    assert subscribed() == {"verkehr"}


def test_an_appointment_is_cancelled_by_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    booking = booked(make_offer(town), zoe)
    assert "wirklich absagen" in write(post, "Termin absagen")
    answer = write(post, "Ja")
    assert FORGED in answer
    assert "Ja, absagen" in answer
    assert Booking.objects.get().state == "booked"
    assert "ist abgesagt" in write(post, "Ja", quote=letter(post))
    booking.refresh_from_db()
    assert booking.state == "cancelled"


def test_an_appointment_is_moved_by_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    booking = booked(make_offer(town), zoe)
    write(post, "Termin verschieben")
    write(post, "2")
    assert FORGED in write(post, "3")
    booking.refresh_from_db()
    assert Booking.objects.get().begins_at == booking.begins_at
    assert Booking.objects.filter(state="booked").count() == 1


def test_a_case_is_withdrawn_and_added_to_by_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    case = Case.objects.create(
        organisation=town, number="26-000001", category=make_category(town, "hole", "Schlagloch"), contact=zoe.contact,
        received_at=timezone.now(), public=Case.Public.RELEASED,
    )  # fmt: skip
    case.followers.create(contact=zoe.contact, address=zoe)
    write(post, f"#{case.number}")
    for verb in ("withdraw", "leave"):
        assert FORGED in write(post, "", choice=f"case:{verb}:{case.pk}", kind="choice")
    case.refresh_from_db()
    assert case.public == Case.Public.RELEASED
    assert case.followers.filter(left_at=None).exists()
    write(post, "", choice=f"case:add:{case.pk}", kind="choice")
    assert FORGED in write(post, "Es ist gar nicht schlimm, kommen Sie nicht.")
    assert not case.entries.filter(what="added").exists()


@pytest.mark.parametrize("answers", [False, True])
def test_people_are_told_where_nobody_vouches_for_the_sender(client: Client, post: Channel, zoe: Address, *, answers: bool) -> None:
    kim = Operator.objects.create_user("kim@stadt.example", "geheim-1234-x", name="Kim")
    Membership.objects.create(organisation=post.organisation, operator=kim, roles=["agent"])
    write(post, "HILFE", proven=True)
    write(post, "Wann ist der Markt?", quote=letter(post) if answers else "")
    client.force_login(kim)
    page = client.get(f"/o/musterstadt/posteingang/{Conversation.objects.get().pk}/").content.decode()
    assert "Wann ist der Markt?" in page
    assert page.count("Absender nicht geprüft") == (0 if answers else 1)


@pytest.mark.parametrize("answers", [False, True])
def test_a_case_says_whether_whoever_sent_it_off_is_proven(client: Client, post: Channel, zoe: Address, *, answers: bool) -> None:
    kim = Operator.objects.create_user("kim@stadt.example", "geheim-1234-x", name="Kim")
    Membership.objects.create(organisation=post.organisation, operator=kim, roles=["agent"])
    make_category(post.organisation, "hole", "Schlagloch")
    for text in ("Melden", "Schlagloch", "Markt 1", "Ein tiefes Loch", "weiter"):
        write(post, text)
        if "Absenden?" in Outbound.objects.latest("id").content.content["text"]:
            break
    write(post, "Absenden", quote=letter(post) if answers else "")
    client.force_login(kim)
    page = client.get(f"/o/musterstadt/anliegen/{Case.objects.get().number}/").content.decode()
    assert page.count("Absender nicht geprüft") == (0 if answers else 1)


def test_a_dialog_that_leads_to_something_hears_only_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    make_live(town, METER)
    assert "Wollen Sie ihn melden?" in write(post, "Zählerstand")
    answer = write(post, "Ja, melden")
    assert FORGED in answer
    assert "Lieber nicht" in answer
    assert Session.objects.get().state == "running"
    assert not zoe.contact.facts.exists()
    assert "Gemeldet." in write(post, "Ja, melden", quote=letter(post))
    assert zoe.contact.facts.get().value == "4711"


def test_a_dialog_that_acts_at_once_begins_only_for_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    make_live(town, LEAVING)
    assert FORGED in write(post, "Kultur weg")
    assert not Session.objects.exists()
    assert subscribed() == {"verkehr", "kultur"}
    assert "Erledigt." in write(post, "Kultur weg", quote=letter(post))
    assert subscribed() == {"verkehr"}


def test_a_dialog_that_only_informs_answers_anybody(post: Channel, zoe: Address, town: Organisation) -> None:
    make_live(town, HOURS)
    write(post, "Zeiten")
    assert "Montag bis Freitag." in write(post, "Rathaus")


def test_a_place_in_the_mayors_hour_is_given_up_by_its_own_citizen(post: Channel, zoe: Address, town: Organisation) -> None:
    begins = timezone.now() + timedelta(hours=2)
    make_hour(town, None, None, begins_at=begins, ends_at=begins + timedelta(hours=2))
    for text in ("SPRECHSTUNDE", "Zoë Beispiel", "Chat"):
        write(post, text)
    assert Guest.objects.get().state == "waiting"
    assert FORGED in write(post, "nicht mehr warten")
    assert Guest.objects.get().state == "waiting"
    write(post, "nicht mehr warten", quote=letter(post))
    assert Guest.objects.get().state == "left"


def test_on_other_messengers_nobody_is_asked_twice(town: Organisation, topics: list[Topic], zoe: Address) -> None:
    chat = Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")
    event = Received(external_id="t1", sender=Sender(address="4711"), at=timezone.now(), text="STOP")
    inbound.handle(chat, event)
    assert Contact.objects.get(addresses__channel=chat).state == "stopped"
