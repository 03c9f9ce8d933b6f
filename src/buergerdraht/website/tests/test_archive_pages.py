"""Every public broadcast as a page: list, search, languages, feeds, pictures; shown and hidden by hand."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import to_json
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media
from buergerdraht.website import publishing
from buergerdraht.website.models import Published, Showing

pytestmark = pytest.mark.django_db
ARCHIVE = "/p/musterstadt/nachrichten/"
Send = Callable[..., Broadcast]


@pytest.fixture
def picture(town: Organisation) -> Media:
    paper = io.BytesIO()
    Image.new("RGB", (640, 360), "#1f5fa8").save(paper, "JPEG")
    return files.store(town, paper.getvalue(), "markt.jpg", alt="Marktstände")


def titles(client: Client, query: str = "") -> list[str]:
    return re.findall(r'<a href="/p/musterstadt/nachrichten/\d[^"]*">([^<]+)</a></h3>', client.get(ARCHIVE + query).content.decode())


# ── What stands there ─────────────────────────────────────────────────────


def test_a_broadcast_to_a_topic_stands_there_as_soon_as_it_begins(client: Client, send: Send) -> None:
    row = send().published
    assert titles(client) == ["Der Wochenmarkt zieht um"]
    page = client.get(f"{ARCHIVE}{row.slug}/").content.decode()
    assert "<strong>Mittwoch</strong>" in page
    assert 'property="og:title" content="Der Wochenmarkt zieht um"' in page
    assert "Verkehr abonnieren" in page
    assert row.slug == f"{timezone.localtime():%Y-%m-%d}-der-wochenmarkt-zieht-um"


def test_chosen_people_and_second_tries_never_stand_there(send: Send, andrea: Operator) -> None:
    for audience in ({"contacts": [1]}, {"joined_from": "2026-11-01"}):
        assert not Published.objects.filter(broadcast=send(**audience)).exists()
    row = Broadcast.objects.latest("id")
    Broadcast.objects.filter(pk=row.pk).update(audience={"contacts": [1]})
    row.refresh_from_db()
    publishing.choose(row, wanted=True, operator=andrea)
    assert not publishing.wanted(row)


def test_the_choice_of_the_composer_counts(town: Organisation, send: Send, andrea: Operator, topics: list[Topic]) -> None:
    drafted = Broadcast.objects.create(organisation=town, title="x", audience={"topics": [topics[0].pk]})
    assert publishing.wanted(drafted)
    publishing.choose(drafted, wanted=False, operator=andrea)
    assert not publishing.wanted(drafted)
    assert Showing.objects.count() == 1


def test_what_is_sent_twice_makes_one_page(send: Send) -> None:
    row = send()
    assert publishing.publish(row) is None
    assert Published.objects.count() == 1


def test_two_of_one_title_have_addresses_of_their_own(send: Send) -> None:
    assert send().published.slug + "-2" == send().published.slug


def test_what_is_hidden_is_gone_at_once_and_can_come_back(client: Client, send: Send, andrea: Operator) -> None:
    row = send().published
    publishing.hide(row, operator=andrea)
    assert client.get(f"{ARCHIVE}{row.slug}/").status_code == 410
    assert titles(client) == []
    assert b"Wochenmarkt" not in client.get(f"{ARCHIVE}feed.atom").content
    publishing.show(row, operator=andrea)
    assert titles(client) == ["Der Wochenmarkt zieht um"]


def test_what_is_over_is_gone(client: Client, send: Send, andrea: Operator) -> None:
    row = send().published
    publishing.expire(row, timezone.now() - timedelta(minutes=1), operator=andrea)
    assert client.get(f"{ARCHIVE}{row.slug}/").status_code == 410
    row.refresh_from_db()
    publishing.show(row, operator=andrea)
    assert client.get(f"{ARCHIVE}{row.slug}/").status_code == 200


def test_nothing_of_another_authority_is_there(client: Client, send: Send) -> None:
    row = send().published
    Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    assert client.get(f"/p/nachbarstadt/nachrichten/{row.slug}/").status_code == 404
    assert "Wochenmarkt" not in client.get("/p/nachbarstadt/nachrichten/").content.decode()


# ── Looking for something ─────────────────────────────────────────────────


def test_it_is_found_by_word_form_topic_and_month(client: Client, send: Send, topics: list[Topic]) -> None:
    send()
    send({"de": {"title": "Straßensperrungen", "text": "Die Brücken werden erneuert."}}, topics=[topics[2].pk])
    assert titles(client, "?worte=Brücke") == ["Straßensperrungen"]  # "Brücken": another form of the word
    assert titles(client, "?worte=gibtesnicht") == []
    assert titles(client, "?thema=verkehr") == ["Der Wochenmarkt zieht um"]
    month = f"{timezone.localtime():%Y-%m}"
    assert len(titles(client, f"?monat={month}")) == 2
    assert titles(client, "?monat=1999-01") == []


@pytest.mark.parametrize(
    "query", ["?monat=quatsch", "?seite=x", "?worte=%00'&thema=%27", "?worte=" + "a" * 5000, "?worte=(&|!", "?seite=999999"]
)
def test_whatever_is_asked_is_answered(client: Client, send: Send, query: str) -> None:
    send()
    assert client.get(ARCHIVE + query).status_code == (400 if "%00" in query else 200)  # a NUL is nobody's wish


def test_pages_are_turned(client: Client, send: Send) -> None:
    row = send().published
    for number in range(25):
        copy = Published.objects.get(pk=row.pk)
        copy.pk, copy.broadcast, copy.slug = None, None, f"2026-{number}"
        copy.save()
    assert len(titles(client)) == 20
    assert len(titles(client, "?seite=2")) == 6


# ── Languages ─────────────────────────────────────────────────────────────

SEVERAL = {
    "de": {"title": "Der Markt zieht um", "text": "Mittwoch"}, "en": {"title": "The market moves", "text": "Wednesday"},
    "de-simple": {"title": "Der Markt ist woanders", "text": "Am Mittwoch"}, "ar": {"title": "ينتقل السوق", "text": "الأربعاء"},
}  # fmt: skip


def test_a_message_is_read_in_each_of_its_languages(client: Client, send: Send) -> None:
    address = f"{ARCHIVE}{send(SEVERAL).published.slug}/"
    assert "Der Markt zieht um" in client.get(address).content.decode()
    assert "The market moves" in client.get(address, headers={"accept-language": "en"}).content.decode()
    assert 'lang="ar" dir="rtl"' in client.get(f"{address}?sprache=ar").content.decode()
    assert "Der Markt ist woanders" in client.get(f"{address}?sprache=de-simple").content.decode()
    beside = client.get(f"{address}?nebeneinander=1").content.decode()
    assert all(version["title"] in beside for version in SEVERAL.values())


def test_what_is_not_written_in_a_language_is_shown_in_another(client: Client, send: Send) -> None:
    send()
    assert "Der Wochenmarkt zieht um" in client.get(f"{ARCHIVE}?sprache=en").content.decode()


# ── Feeds ─────────────────────────────────────────────────────────────────


def test_feeds_are_well_formed_and_by_topic_and_language(client: Client, send: Send, topics: list[Topic]) -> None:
    send(SEVERAL)
    send({"de": {"title": "Bauen\x0b & <b>mehr</b>", "text": "T"}}, topics=[topics[2].pk])
    atom = ElementTree.fromstring(client.get(f"{ARCHIVE}feed.atom").content)  # noqa: S314 - our own answer
    assert len(atom.findall("{http://www.w3.org/2005/Atom}entry")) == 2
    rss = ElementTree.fromstring(client.get(f"{ARCHIVE}feed.rss?thema=verkehr&sprache=en").content)  # noqa: S314
    assert [item.findtext("title") for item in rss.iter("item")] == ["The market moves"]
    feed = json.loads(client.get(f"{ARCHIVE}feed.json?thema=bauen").content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["tags"] for item in feed["items"]] == [["Bauen"]]


def test_a_feed_that_is_known_is_not_sent_again(client: Client, send: Send) -> None:
    send()
    first = client.get(f"{ARCHIVE}feed.atom")
    again = client.get(f"{ARCHIVE}feed.atom", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


# ── Pictures and links ────────────────────────────────────────────────────


def test_pictures_are_served_while_what_they_belong_to_is_shown(client: Client, send: Send, picture: Media, andrea: Operator) -> None:
    address = f"{ARCHIVE}bild/{picture.pk}/"
    assert client.get(address).status_code == 404
    media = to_json(files.value(picture))
    row = send({"de": {"title": "Markt", "text": "T", "media": [media]}}).published
    assert client.get(address)["Content-Type"] == "image/jpeg"
    assert client.get(f"{address}?klein")["Content-Type"] == "image/webp"
    page = client.get(f"{ARCHIVE}{row.slug}/").content.decode()
    assert 'alt="Marktstände"' in page
    assert "og:image" in page
    publishing.hide(row, operator=andrea)
    assert client.get(address).status_code == 404


def test_buttons_that_lead_somewhere_are_links_and_others_are_not_there(client: Client, send: Send) -> None:
    choices = [{"id": "a", "title": "Lageplan", "url": "https://musterstadt.example/plan"}, {"id": "b", "title": "Frage stellen"}]
    row = send({"de": {"title": "Markt", "text": "Siehe https://musterstadt.example/markt.", "choices": choices}}).published
    page = client.get(f"{ARCHIVE}{row.slug}/").content.decode()
    assert '<a href="https://musterstadt.example/plan" rel="noopener">Lageplan</a>' in page
    assert 'href="https://musterstadt.example/markt"' in page
    assert "Frage stellen" not in page


def test_nothing_harmful_of_a_text_runs(client: Client, send: Send) -> None:
    row = send({"de": {"title": "<script>1</script>", "text": "<img src=x onerror=1> [x](javascript:alert(1))"}}).published
    page = client.get(f"{ARCHIVE}{row.slug}/").content.decode()
    assert "<script>1" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page


def test_a_summary_reads_like_a_sentence_where_the_text_is_a_list(client: Client, send: Send) -> None:
    send({"de": {"title": "Die Woche", "text": "- Markt am **Samstag**\n- Konzert im Hof"}})
    assert '<p lang="de" dir="ltr">Markt am Samstag · Konzert im Hof</p>' in client.get(ARCHIVE).content.decode()


def test_a_message_of_several_topics_leads_to_all_of_them(client: Client, send: Send, topics: list[Topic]) -> None:
    row = send(topics=[topic.pk for topic in topics]).published
    page = client.get(f"{ARCHIVE}{row.slug}/").content.decode()
    assert 'href="/p/musterstadt/abo?themen=verkehr%2Ckultur%2Cbauen#wege"' in page
    assert "Diese Themen abonnieren" in page
