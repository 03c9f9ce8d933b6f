"""A message may have a date: on its page, in the calendar to read, and in the one that others subscribe to. And a page that is erased."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Topic
from buergerdraht.website import dates, kept, publishing
from buergerdraht.website.dates import When
from buergerdraht.website.forms import DateForm
from buergerdraht.website.models import Published

pytestmark = pytest.mark.django_db
Send = Callable[..., Broadcast]
BERLIN = ZoneInfo("Europe/Berlin")
HOME, FEED = "/p/musterstadt/", "/p/musterstadt/nachrichten/termine.ics"
MARKET = When(datetime(2040, 12, 5, 10, tzinfo=BERLIN), datetime(2040, 12, 5, 14, tzinfo=BERLIN), place="Rathausplatz, Eingang; links")


def lines(client: Client, path: str = FEED) -> list[str]:
    answer = client.get(path)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")


@pytest.fixture
def market(send: Send, andrea: Operator) -> Broadcast:
    row = send()
    publishing.date(row, MARKET, operator=andrea)
    return row


# ── Where it stands ───────────────────────────────────────────────────────


def test_a_date_stands_on_the_page_in_the_list_and_in_the_calendar(client: Client, market: Broadcast) -> None:
    for path in (f"{HOME}nachrichten/{market.published.slug}/", f"{HOME}nachrichten/", HOME, f"{HOME}kalender"):
        page = client.get(path).content.decode()
        assert "Mittwoch, 5. Dezember 2040, 10:00 bis 14:00 Uhr" in page, path
        assert "Rathausplatz, Eingang; links" in page, path
    assert "Wednesday, " in client.get(f"{HOME}kalender?sprache=en").content.decode()


def test_the_calendar_is_a_door_while_something_comes(client: Client, market: Broadcast, andrea: Operator) -> None:
    assert f'href="{HOME}kalender"' in client.get(HOME).content.decode()
    publishing.date(market, None, operator=andrea)
    assert f'href="{HOME}kalender"' not in client.get(HOME).content.decode()
    assert "Zurzeit stehen keine Termine an." in client.get(f"{HOME}kalender").content.decode()


def test_a_date_that_was_set_in_the_composer_is_published_with_the_message(
    town: Organisation, topics: list[Topic], andrea: Operator
) -> None:
    said = {"de": {"title": "Markt", "text": "Kommen Sie."}}
    draft = Broadcast.objects.create(organisation=town, title="Markt", versions=said, audience={"topics": [topics[0].pk]})
    publishing.date(draft, MARKET, operator=andrea)
    assert publishing.wanted(draft)  # a date decides nothing about being shown
    row = publishing.publish(draft)
    assert row is not None
    assert When.of(row) == MARKET


def test_what_is_over_is_in_no_list_but_a_while_in_calendars(client: Client, market: Broadcast, andrea: Operator) -> None:
    for days, coming, stays in ((0.1, False, True), (30, False, True), (90, False, False)):
        end = timezone.now() - timedelta(days=days)
        publishing.date(market, When(end - timedelta(hours=1), end), operator=andrea)
        assert dates.coming(market.organisation).exists() is coming, days
        assert ("BEGIN:VEVENT" in lines(client)) is stays, days
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    publishing.date(market, When(today, None, all_day=True), operator=andrea)
    assert dates.coming(market.organisation).exists()  # the whole of today


# ── As others read it ─────────────────────────────────────────────────────


def test_the_calendar_says_when_where_and_what(client: Client, market: Broadcast) -> None:
    told = lines(client)
    assert told[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert "DTSTART:20401205T090000Z" in told
    assert "DTEND:20401205T130000Z" in told
    assert "SUMMARY:Der Wochenmarkt zieht um" in told
    assert "LOCATION:Rathausplatz\\, Eingang\\; links" in told
    assert "CATEGORIES:Verkehr" in told
    assert any(re.match(rf"URL:https?://.+/p/musterstadt/nachrichten/{market.published.slug}/$", line) for line in told)
    assert told == lines(client, f"{HOME}nachrichten/{market.published.slug}/termin.ics")


def test_whole_days_end_on_the_day_after(client: Client, market: Broadcast, andrea: Operator) -> None:
    fair = When(datetime(2040, 3, 24, tzinfo=BERLIN), datetime(2040, 3, 25, tzinfo=BERLIN), all_day=True)  # the clocks go forward
    publishing.date(market, fair, operator=andrea)
    told = lines(client)
    assert "DTSTART;VALUE=DATE:20400324" in told
    assert "DTEND;VALUE=DATE:20400326" in told
    assert "Samstag, 24. März 2040 bis Sonntag, 25. März 2040" in client.get(f"{HOME}kalender").content.decode()


def test_a_change_keeps_the_number_and_counts_on(client: Client, market: Broadcast, andrea: Operator) -> None:
    def said(name: str) -> str:
        return next(line for line in lines(client) if line.startswith(f"{name}:"))

    first = said("UID"), said("SEQUENCE")
    Published.objects.update(shown_from=timezone.now() - timedelta(hours=1))
    publishing.date(market, When(datetime(2040, 12, 6, 10, tzinfo=BERLIN)), operator=andrea)
    assert said("UID") == first[0]
    assert int(said("SEQUENCE").partition(":")[2]) > int(first[1].partition(":")[2])


def test_there_is_one_for_each_topic_and_every_page_names_it(client: Client, market: Broadcast, topics: list[Topic]) -> None:
    assert "BEGIN:VEVENT" in lines(client, f"{FEED}?thema=verkehr")
    assert "BEGIN:VEVENT" not in lines(client, f"{FEED}?thema=kultur")
    for path in (HOME, f"{HOME}nachrichten/", f"{HOME}kalender", f"{HOME}nachrichten/{market.published.slug}/"):
        page = client.get(path).content.decode()
        assert re.search(r'<link rel="alternate" type="text/calendar" title="Kalender" href="[^"]*termine\.ics', page), path
        assert 'rel="alternate" type="application/atom+xml"' in page, path


def test_hidden_or_undated_is_in_no_calendar(client: Client, market: Broadcast, send: Send, andrea: Operator) -> None:
    other = send().published
    assert client.get(f"{HOME}nachrichten/{other.slug}/termin.ics").status_code == 404
    publishing.hide(market.published, operator=andrea)
    assert "BEGIN:VEVENT" not in lines(client)
    assert client.get(f"{HOME}nachrichten/{market.published.slug}/termin.ics").status_code == 404


@pytest.mark.parametrize("path", [f"{HOME}kalender", FEED, f"{HOME}nachrichten/2040-12-05-markt/termin.ics"])
def test_calendars_are_kept_in_memory_like_every_page(path: str) -> None:
    assert kept.PATHS.match(path)


# ── The form ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"clock": "10:00"}, "day"),
        ({"place": "Markt"}, "day"),
        ({"day": "2040-12-05", "until_clock": "12:00"}, "clock"),
        ({"day": "2040-12-05", "clock": "10:00", "until_day": "2040-12-06"}, "until_clock"),
        ({"day": "2040-12-05", "clock": "10:00", "until_clock": "09:00"}, "until_day"),
        ({"day": "2040-12-05", "clock": "10:00", "until_clock": "10:00"}, "until_day"),
        ({"day": "2040-12-05", "until_day": "2040-12-04"}, "until_day"),
        ({"day": "gestern"}, "day"),
    ],
)
def test_what_is_no_date_is_said_at_its_field(given: dict[str, str], field: str) -> None:
    form = DateForm(data={f"termin-{name}": value for name, value in given.items()})
    assert list(form.errors) == [field]


def test_a_date_is_set_changed_and_taken_away_beside_the_broadcast(client: Client, market: Broadcast, andrea: Operator) -> None:
    client.force_login(andrea)
    path = f"/o/musterstadt/internetseite/termin/{market.pk}/"
    given = {"termin-day": "2041-01-02", "termin-clock": "18:30", "termin-place": "Aula"}
    answer = client.post(path, given, headers={"HX-Request": "true"}).content.decode()
    assert "Gespeichert." in answer
    assert 'value="2041-01-02"' in answer
    assert Published.objects.get().begins_at == datetime(2041, 1, 2, 18, 30, tzinfo=BERLIN)
    assert "Nennen Sie den Tag" in client.post(path, {"termin-clock": "10:00"}, headers={"HX-Request": "true"}).content.decode()
    assert Published.objects.get().place == "Aula"
    client.post(path, {"ohne": "1"}, headers={"HX-Request": "true"})
    assert Published.objects.get().begins_at is None
    assert AuditEntry.objects.filter(action="website.date").count() == 3


# ── Erased ────────────────────────────────────────────────────────────────


def is_gone(client: Client, slug: str) -> None:
    answer = client.get(f"{HOME}nachrichten/{slug}/")
    assert answer.status_code == 410
    assert "Diese Nachricht gibt es hier nicht mehr." in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    for path in ("nachrichten/", "nachrichten/?worte=Wochenmarkt", "nachrichten/feed.atom", "nachrichten/feed.json", "kalender"):
        assert "Der Wochenmarkt zieht um" not in client.get(HOME + path).content.decode(), path
    row = Published.objects.get(slug=slug)
    assert (row.title, row.versions, row.media, row.words, row.topics.count(), row.begins_at) == ("", {}, [], None, 0, None)


def test_the_page_of_an_erased_broadcast_goes_with_it(client: Client, market: Broadcast) -> None:
    slug, edition = market.published.slug, market.organisation.look.edition
    market.delete()
    is_gone(client, slug)
    market.organisation.look.refresh_from_db()
    assert market.organisation.look.edition > edition  # pages kept in memory are made anew


def test_a_page_can_be_erased_alone_and_never_comes_back(client: Client, market: Broadcast, andrea: Operator) -> None:
    slug = market.published.slug
    desk = Client()
    desk.force_login(andrea)
    path = f"/o/musterstadt/internetseite/{market.published.pk}/"
    assert "Gelöscht." in desk.post(path, {"loeschen": "1"}, follow=True).content.decode()
    is_gone(client, slug)
    assert desk.post(path, {"zeigen": "1"}).status_code == 404
    publishing.date(market, MARKET, operator=andrea)
    is_gone(client, slug)
