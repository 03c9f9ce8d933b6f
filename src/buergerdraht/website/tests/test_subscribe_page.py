"""Topics, then a way: equal ones, by the alphabet, with links that carry the topics; e-mail by double opt-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import actions, ledger
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, ConsentText, Contact, Subscription, Topic
from buergerdraht.gateway.models import Channel, Outbound, StoredContent
from buergerdraht.website import links, subscribing, tasks, ways, words
from buergerdraht.website.models import SignUp
from buergerdraht.website.pages import Voice

pytestmark = pytest.mark.django_db
PAGE = "/p/musterstadt/abo"


def ask(client: Client, email: str = "petra@wohnort.example", *topics: str, **more: str) -> object:
    return client.post(PAGE, {"email": email, "thema": topics or ("verkehr", "bauen"), **more})


# ── The page ──────────────────────────────────────────────────────────────


def test_the_start_page_names_topics_and_ways(client: Client, bot: Channel, topics: list[Topic]) -> None:
    page = client.get("/p/musterstadt/").content.decode()
    assert all(topic.title["de"] in page for topic in topics)
    assert 'href="/p/musterstadt/abo"' in page


def test_a_link_carries_the_topics(client: Client, bot: Channel, topics: list[Topic]) -> None:
    page = client.get(f"{PAGE}?thema=verkehr&thema=bauen").content.decode()
    assert "https://t.me/musterstadt_bot?start=verkehr__bauen" in page
    assert "<svg" in page
    assert "Gewählt: Verkehr und Bauen." in page


def test_no_way_is_a_favourite(client: Client, bot: Channel, topics: list[Topic], town: Organisation) -> None:
    number = '{"number": "+49 30 23125 100"}'
    Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config=number, state="running")
    Channel.objects.create(organisation=town, kind="telegram", name="Entwurf", config=bot.config, state="draft")
    offer = ways.offer(town, Voice("de", "de", False), topics[:1])
    titles = [way.title for way in offer.ways]
    assert titles == sorted(titles, key=str.casefold)
    assert titles.count("Telegram") == 1  # the one that runs


@pytest.mark.parametrize("state", ["broken", "paused"])
def test_what_stands_still_is_said_and_offered_no_more(client: Client, bot: Channel, topics: list[Topic], state: str) -> None:
    assert "Zurzeit nicht erreichbar" not in client.get("/p/musterstadt/abo").content.decode()
    Channel.objects.filter(pk=bot.pk).update(state=state)
    page = client.get("/p/musterstadt/abo").content.decode()
    assert "Zurzeit nicht erreichbar: Telegram. Haben Sie dort abonniert, bleiben Ihre Themen" in page
    assert "t.me/" not in page
    assert "Dieser Weg geht gerade nicht" in client.get("/p/musterstadt/abo?sprache=de-simple").content.decode()
    Channel.objects.create(organisation=bot.organisation, kind=bot.kind, name="Zweiter", config=bot.config, state="running")
    assert "Zurzeit nicht erreichbar" not in client.get("/p/musterstadt/abo").content.decode()


def test_too_many_topics_are_named_by_number_and_then_left_to_the_chat(town: Organisation) -> None:
    rows = [Topic.objects.create(organisation=town, key=f"ein-langes-thema-{number}", title={"de": f"T{number}"}) for number in range(30)]
    assert ways.start_of(rows[:2]) == "ein-langes-thema-0__ein-langes-thema-1"
    assert (ways.start_of(rows[:6]) or "").startswith("nr-")
    assert ways.start_of(rows) is None


def test_the_page_sets_no_cookie_and_says_it_may_be_kept(client: Client, bot: Channel, topics: list[Topic]) -> None:
    for path in ("/p/musterstadt/", PAGE, "/p/musterstadt/abo/rahmen", "/p/musterstadt/einstellungen/"):
        answer = client.get(path)
        assert not answer.cookies, path
        assert "public" in answer["Cache-Control"], path


def test_any_site_may_frame_the_small_page_and_no_other(client: Client, bot: Channel, topics: list[Topic]) -> None:
    framed, plain = client.get("/p/musterstadt/abo/rahmen"), client.get(PAGE)
    assert "frame-ancestors *" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    assert "frame-ancestors 'none'" in plain["Content-Security-Policy"]
    assert "&lt;iframe" in client.get("/p/musterstadt/abo/einbetten").content.decode()


def test_english_and_plain_language_are_complete(client: Client, mailbox: Channel, topics: list[Topic]) -> None:
    english = client.get(f"{PAGE}?sprache=en").content.decode()
    assert '<html lang="en">' in english
    assert "Choose your topics" in english
    assert "Traffic" in english
    assert "Welche Themen möchten Sie" in client.get(f"{PAGE}?sprache=de-simple").content.decode()


def test_every_word_is_there_in_german_and_english(town: Organisation) -> None:
    known = chain(words.load("words").values(), *(each.values() for each in words.load("ways").values()))
    for versions in known:
        assert versions.get("de"), versions
        assert versions.get("en"), versions
    said = {way for way in words.load("ways") if way != "other"}
    assert {"email", "telegram", "whatsapp", "signal", "threema", "matrix", "webpush"} <= said


def test_the_authority_says_du(client: Client, town: Organisation, bot: Channel, topics: list[Topic]) -> None:
    town.address_form = "du"
    town.save()
    assert "Wähle deine Themen" in client.get(PAGE).content.decode()


# ── By e-mail ─────────────────────────────────────────────────────────────


def test_without_a_mailbox_the_way_is_not_shown(client: Client, bot: Channel, topics: list[Topic]) -> None:
    assert 'name="email"' not in client.get(f"{PAGE}?thema=verkehr").content.decode()


def test_a_wish_is_confirmed_by_the_link_in_the_letter(
    client: Client, mailbox: Channel, topics: list[Topic], link_in: Callable[[], str]
) -> None:
    assert 'name="email"' in client.get(f"{PAGE}?thema=verkehr").content.decode()
    assert ask(client).status_code == 200
    assert not Subscription.objects.filter(confirmed_at__isnull=False).exists()
    page = client.get(link_in())
    assert "Ja, bestätigen" in page.content.decode()
    assert page["Cache-Control"] == "no-store, private"
    assert page["Referrer-Policy"] == "no-referrer"
    assert not Subscription.objects.filter(confirmed_at__isnull=False).exists()  # scanners follow links
    assert "bestätigt" in client.post(link_in()).content.decode()
    assert {row.topic.key for row in Subscription.objects.filter(confirmed_at__isnull=False)} == {"verkehr", "bauen"}
    contact = Contact.objects.get()
    assert contact.state == Contact.State.ACTIVE
    confirmed = Consent.objects.filter(contact=contact, act="confirm")
    assert {row.purpose for row in confirmed} == {"topic:verkehr", "topic:bauen"}
    kept = ConsentText.objects.get(text_hash=confirmed[0].text_hash).text
    assert "darf mir Nachrichten zu Verkehr und Bauen per E-Mail senden" in kept


def test_the_answer_is_the_same_whoever_asks(client: Client, mailbox: Channel, topics: list[Topic], link_in: Callable[[], str]) -> None:
    first = ask(client, "petra@wohnort.example", "verkehr").content
    client.post(link_in())
    again = ask(client, "petra@wohnort.example", "verkehr").content
    unknown = ask(client, "bernd@wohnort.example", "verkehr").content.replace(b"bernd@", b"petra@")
    assert first == again == unknown
    client.post("/p/musterstadt/einstellungen/", {"email": "petra@wohnort.example"})
    known = client.post("/p/musterstadt/einstellungen/", {"email": "petra@wohnort.example"}).content
    stranger = client.post("/p/musterstadt/einstellungen/", {"email": "niemand@wohnort.example"}).content
    assert known == stranger.replace(b"niemand@", b"petra@")


def test_who_has_it_all_gets_the_link_to_their_settings(
    client: Client, mailbox: Channel, topics: list[Topic], letters: Callable[[], list[str]], link_in: Callable[[], str]
) -> None:
    ask(client, "petra@wohnort.example", "verkehr")
    client.post(link_in())
    ask(client, "petra@wohnort.example", "verkehr")
    assert "Sie bekommen diese Themen schon: Verkehr" in letters()[-1]
    assert "/einstellungen/" in link_in()


def test_one_address_gets_three_letters_an_hour_and_nobody_is_told(client: Client, mailbox: Channel, topics: list[Topic]) -> None:
    answers = {ask(client, "petra@wohnort.example", "verkehr").content for _ in range(6)}
    assert len(answers) == 1
    assert Outbound.objects.count() == 3


def test_one_connection_asks_thirty_times_an_hour(client: Client, mailbox: Channel, topics: list[Topic]) -> None:
    answers = [ask(client, f"person{number}@wohnort.example", "verkehr") for number in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "in einer Stunde" in answers[-1].content.decode()


@pytest.mark.parametrize("email", ["", "petra", "petra@", "petra@wohnort.example\nBcc: x@y.example", "a" * 300 + "@wohnort.example"])
def test_what_is_no_address_is_said_and_writes_nothing(client: Client, mailbox: Channel, topics: list[Topic], email: str) -> None:
    answer = ask(client, email, "verkehr")
    assert answer.status_code == 422
    assert "Das ist keine E-Mail-Adresse" in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_machine_that_fills_in_everything_is_told_the_same_and_nothing_happens(
    client: Client, mailbox: Channel, topics: list[Topic]
) -> None:
    assert ask(client, "petra@wohnort.example", "verkehr", website="https://werbung.example").status_code == 200
    assert not Contact.objects.exists()


def test_without_a_topic_nothing_is_sent(client: Client, mailbox: Channel, topics: list[Topic]) -> None:
    assert client.post(PAGE, {"email": "petra@wohnort.example", "thema": ["gibtesnicht"]}).status_code == 422
    assert not Outbound.objects.exists()


# ── Links ─────────────────────────────────────────────────────────────────


@pytest.fixture
def row(mailbox: Channel, topics: list[Topic]) -> SignUp:
    subscribing.ask(mailbox, "petra@wohnort.example", topics[:1], "de")
    return SignUp.objects.get()


def path(row: SignUp) -> str:
    return "/p/" + links.to_confirm(row).partition("/p/")[2]


def subscribed() -> list[str]:
    return [each.topic.key for each in Subscription.objects.filter(confirmed_at__isnull=False)]


def test_a_link_lapses(client: Client, row: SignUp, monkeypatch: pytest.MonkeyPatch) -> None:
    made, later = path(row), timezone.now() + links.VALID[links.CONFIRM] + timedelta(minutes=1)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    assert client.post(made).status_code == 410
    assert not subscribed()


def test_a_link_is_for_one_purpose_and_one_authority(client: Client, row: SignUp) -> None:
    Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    made = path(row).rstrip("/").rpartition("/")[2]
    assert client.get(f"/p/musterstadt/einstellungen/{made}/").status_code == 410
    assert client.post(f"/p/nachbarstadt/abo/bestaetigen/{made}/").status_code == 410
    assert client.post(f"/p/musterstadt/abo/bestaetigen/{made[:5]}{chr(ord(made[5]) ^ 1)}{made[6:]}/").status_code == 410
    assert not subscribed()


def test_a_link_confirms_what_it_was_sent_for_alone(client: Client, row: SignUp, mailbox: Channel, topics: list[Topic]) -> None:
    subscribing.ask(mailbox, "petra@wohnort.example", topics[1:2], "de")
    client.post(path(row))
    assert subscribed() == ["verkehr"]
    client.post(path(SignUp.objects.latest("pk")))
    assert sorted(subscribed()) == ["kultur", "verkehr"]
    assert Contact.objects.count() == 1


def test_a_link_pressed_twice_says_so_twice(client: Client, row: SignUp) -> None:
    for _press in range(2):
        assert "Sie bekommen ab jetzt: Verkehr." in client.post(path(row)).content.decode()
    assert Consent.objects.filter(act="confirm").count() == 1


def test_after_stop_an_old_link_does_nothing(client: Client, row: SignUp, mailbox: Channel, topics: list[Topic]) -> None:
    client.post(path(row))
    subscribing.ask(mailbox, "petra@wohnort.example", topics[1:2], "de")
    second = path(SignUp.objects.latest("pk"))
    contact = Contact.objects.get()
    actions.stop(contact, evidence="m1", channel=mailbox)
    for each in (path(row), second):
        assert client.post(each).status_code == 410
    contact.refresh_from_db()
    assert contact.state == Contact.State.STOPPED


# ── Who never confirmed ───────────────────────────────────────────────────


def test_before_the_confirmation_there_is_nobody(client: Client, row: SignUp) -> None:
    """Double opt-in: a wish and its letter, nothing else."""
    assert not Contact.objects.exists()
    assert not Address.objects.exists()
    assert not Consent.objects.exists()
    client.get(path(row))
    assert not Contact.objects.exists()
    client.post(path(row))
    assert Contact.objects.get().addresses.get().address == "petra@wohnort.example"
    row.refresh_from_db()
    assert row.email == ""
    asked = Consent.objects.get(act="request")
    assert asked.at == row.asked_at


def test_a_wish_that_nobody_confirms_goes_with_its_letter(client: Client, row: SignUp) -> None:
    SignUp.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(path(row)).status_code == 410
    tasks.forget(0)
    assert not SignUp.objects.exists()
    assert not Outbound.objects.exists()
    assert not StoredContent.objects.exists()


def test_a_letter_that_is_just_being_sent_goes_the_next_time(row: SignUp) -> None:
    SignUp.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    Outbound.objects.update(state="sending")
    tasks.forget(0)
    assert SignUp.objects.exists()
    Outbound.objects.update(state="accepted")
    tasks.forget(0)
    assert not SignUp.objects.exists()
    assert not Outbound.objects.exists()


def test_what_was_confirmed_keeps_its_letter(client: Client, row: SignUp) -> None:
    client.post(path(row))
    SignUp.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.forget(0)
    assert not SignUp.objects.exists()
    assert Outbound.objects.exists()
    assert subscribed() == ["verkehr"]


def test_an_authority_may_be_less_patient(town: Organisation) -> None:
    assert subscribing.patience(town) == timedelta(days=3)
    town.retention = {"unconfirmed": 1}
    assert subscribing.patience(town) == timedelta(days=1)
    for wrong in ({"unconfirmed": 90}, {"unconfirmed": 0}, {"unconfirmed": "x"}):
        town.retention = wrong
        assert subscribing.patience(town) == timedelta(days=3)


def test_who_was_barred_gets_no_letter_and_leaves_no_trace(client: Client, mailbox: Channel, topics: list[Topic], row: SignUp) -> None:
    client.post(path(row))
    Address.objects.update(state="blocked")
    letters = Outbound.objects.count()
    assert ask(client, "petra@wohnort.example", "bauen").status_code == 200
    assert Outbound.objects.count() == letters
    assert SignUp.objects.count() == 1


def test_who_left_by_the_button_of_a_letter_is_written_to_again_after_a_new_yes(client: Client, row: SignUp) -> None:
    client.post(path(row))
    address = Address.objects.get()
    Address.objects.update(no_newsletter=True)
    proof = Proof(channel=address.channel, evidence="unsubscribe:1")
    ledger.write(address.contact, address, "withdraw", [ledger.PROVIDER], proof)
    ask(client, "petra@wohnort.example", "bauen")
    client.post(path(SignUp.objects.latest("pk")))
    assert not Address.objects.get().no_newsletter
