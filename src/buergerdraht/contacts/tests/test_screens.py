"""The contacts' screens, as operators use them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.models import Address, Consent, Contact, District, Topic
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db


def _desk(town: Organisation, *roles: str) -> Client:
    operator = Operator.objects.create_user(f"{roles[0]}@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=list(roles))
    desk = Client()
    desk.force_login(operator)
    return desk


@pytest.fixture
def desk(town: Organisation) -> Client:
    return _desk(town, "administrator", "agent")


def _url(name: str, *args: object) -> str:
    return reverse(f"contacts:{name}", args=("musterstadt", *args))


def _shown(desk: Client, **query: str) -> str:
    return desk.post(_url("list"), query).content.decode()


def test_the_list_finds_by_word_number_handle_topic_and_state(desk: Client, subscriber: Address, whatsapp: Channel) -> None:
    actions.meet(whatsapp, Sender(address="DE.1", aliases=("+4917139200101",), name="Jürgen Groß", handle="+4917139200101"), timezone.now())
    assert "2 Kontakte" in _shown(desk)
    for query in ("aylin", "ÖZTÜRK", "oeztuerk aylin", "@aylin"):
        assert "Aylin" in _shown(desk, q=query)
        assert "Jürgen" not in _shown(desk, q=query)
    for query in ("juergen", "Gross", "0171 39200101", "+49 171 39200101", "0049 (0)171-39200101"):
        assert "Jürgen" in _shown(desk, q=query), query
    assert "Niemand passt" in _shown(desk, q="Schmidt")
    assert "Jürgen" not in _shown(desk, topic=str(Topic.objects.get(key="verkehr").pk))
    assert "Aylin" not in _shown(desk, channel=str(whatsapp.pk))
    assert "Aylin" not in _shown(desk, state="new")
    assert "Aylin" in _shown(desk, state="active")


def test_an_empty_list_says_what_to_do(desk: Client) -> None:
    assert "Noch hat niemand geschrieben" in _shown(desk)


def test_the_page_shows_the_proof(desk: Client, subscriber: Address) -> None:
    page = desk.get(_url("detail", subscriber.contact_id)).content.decode()
    assert "Aylin Öztürk" in page
    assert "Hinweis" in page
    assert "Bestätigt" in page


def test_changing_details_is_audited(desk: Client, subscriber: Address, town: Organisation) -> None:
    district = District.objects.create(organisation=town, name="Nord")
    desk.post(_url("edit", subscriber.contact_id), {"language": "ar", "district": district.pk})
    contact = Contact.objects.get()
    assert (contact.language, contact.district) == ("ar", district)
    assert AuditEntry.objects.get().action == "contacts.edit"


def test_a_subscription_by_hand_needs_a_reason_and_becomes_a_consent(desk: Client, subscriber: Address) -> None:
    building = Topic.objects.get(key="bauen")
    data = {"topic": building.pk, "address": subscriber.pk, "reason": ""}
    assert desk.post(_url("subscription", subscriber.contact_id), data).status_code == 422
    desk.post(_url("subscription", subscriber.contact_id), {**data, "reason": "Anruf vom 20.11."})
    row = Consent.objects.get(purpose="topic:bauen", act="confirm")
    assert row.operator is not None
    assert row.evidence == "Eingetragen: Anruf vom 20.11."
    desk.post(_url("subscription", subscriber.contact_id), {"ende": building.pk, "reason": ""})
    assert subscriber.contact.subscriptions.count() == 3
    desk.post(_url("subscription", subscriber.contact_id), {"ende": building.pk, "reason": "Anruf"})
    assert subscriber.contact.subscriptions.count() == 2


def test_barring_and_lifting(desk: Client, subscriber: Address) -> None:
    desk.post(_url("bar", subscriber.contact_id))
    assert Address.objects.get().state == "blocked"
    desk.post(_url("bar", subscriber.contact_id), {"aufheben": "1"})
    assert Address.objects.get().state == "active"


def test_joining_and_parting(desk: Client, subscriber: Address, whatsapp: Channel) -> None:
    other = actions.meet(whatsapp, Sender(address="+4917139200101", name="A. Öztürk", handle="+4917139200101"), timezone.now())
    page = desk.post(_url("detail", subscriber.contact_id), {"partner": "0171 39200101"}).content.decode()
    assert "A. Öztürk" in page
    desk.post(_url("join", subscriber.contact_id), {"other": other.contact_id})
    assert Contact.objects.get().addresses.count() == 2
    assert "Aylin" in _shown(desk, q="017139200101")
    desk.post(_url("part", subscriber.contact_id), {"address": subscriber.pk})
    subscriber.refresh_from_db()
    assert Contact.objects.count() == 2
    assert subscriber.contact.state == "active"
    assert subscriber.contact.consents.filter(act="confirm").count() == 2
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == ["contacts.join", "contacts.part"]


def test_export_is_safe_for_spreadsheets(desk: Client, telegram: Channel, subscriber: Address) -> None:
    actions.meet(telegram, Sender(address="666", name="=HYPERLINK(1)"), timezone.now())
    body = b"".join(desk.get(_url("export")).streaming_content).decode()
    assert "'=HYPERLINK(1)" in body
    assert "Verkehr, Kultur" in body


def test_another_town_is_not_found(desk: Client) -> None:
    other = Organisation.objects.create(slug="anderswo", name="Anderswo", languages=["de"])
    stranger = Contact.objects.create(organisation=other)
    assert desk.get(_url("detail", stranger.pk)).status_code == 404
    assert desk.post(_url("join", stranger.pk)).status_code == 404
    assert desk.get(reverse("contacts:list", args=("anderswo",))).status_code == 404


def test_a_viewer_reads_and_changes_nothing(town: Organisation, subscriber: Address) -> None:
    viewer = _desk(town, "viewer")
    assert viewer.get(_url("detail", subscriber.contact_id)).status_code == 200
    for name in ("edit", "subscription", "bar", "join", "part"):
        assert viewer.post(_url(name, subscriber.contact_id)).status_code == 403
    assert viewer.get(_url("export")).status_code == 403
    assert viewer.get(_url("import")).status_code == 403


def test_topics_are_made_ordered_and_archived(desk: Client, topics: list[Topic]) -> None:
    desk.post(_url("topic_new"), {"title_de": "Bäder & Seen", "title_en": "Pools"})
    made = Topic.objects.get(key="bader-seen")
    assert made.title == {"de": "Bäder & Seen", "en": "Pools"}
    assert desk.post(_url("topic_new"), {"title_de": "Verkehr"}).status_code == 422
    assert desk.post(_url("topic_new"), {"title_de": "x" * 25}).status_code == 422
    desk.post(_url("topic_move", made.pk), {"hoch": "1"})
    assert list(Topic.objects.values_list("key", flat=True)) == ["verkehr", "kultur", "bader-seen", "bauen"]
    desk.post(_url("topic_archive", made.pk))
    assert not Topic.objects.get(pk=made.pk).active
    assert "Archiv" in desk.get(_url("topics")).content.decode()
    assert desk.get(_url("topic", made.pk)).status_code == 200


def test_districts(desk: Client, town: Organisation) -> None:
    desk.post(_url("districts"), {"name": "Altstadt"})
    assert desk.post(_url("districts"), {"name": "altstadt"}).status_code == 422
    made = District.objects.get()
    desk.post(_url("district", made.pk), {"name": "Neustadt"})
    assert "Neustadt" in desk.get(_url("districts")).content.decode()
    desk.post(_url("district", made.pk), {"loeschen": "1"})
    assert not District.objects.exists()


def test_a_topic_shows_its_links_with_codes_and_what_to_write_where_they_carry_nothing(desk: Client, town: Organisation) -> None:
    topic = Topic.objects.create(organisation=town, key="schnee", title={"de": "Schnee"})
    config = '{"number": "+493023125110", "host": "http://127.0.0.1:8080"}'
    signal = Channel.objects.create(organisation=town, kind="signal", name="Signal", config=config, state="running")
    Channel.objects.create(organisation=town, kind="telegram", name="Entwurf", config="{}", state="setup")
    page = desk.get(_url("topic", topic.pk)).content.decode()
    assert page.count('class="qrs"') == 1, "a channel that is not set up has no link"
    assert 'data-copy="link-1"' in page
    assert 'alt="QR-Code: Schnee über Signal abonnieren"' in page
    assert "<b>ABO schnee</b>" in page
    for ending, begin in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        assert _url("topic_qr", topic.pk, signal.pk, ending) in page
        assert desk.get(_url("topic_qr", topic.pk, signal.pk, ending)).content.startswith(begin)
    assert desk.get(_url("topic_qr", topic.pk, signal.pk, "gif")).status_code == 404
