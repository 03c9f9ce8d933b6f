"""The console's pages about the public ones: messages, look, legal texts, short links, paper."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.bridges.models import Bridge
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.cases.models import Category
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway.models import Channel
from buergerdraht.website import legal, publishing, short
from buergerdraht.website.models import Look, Published, ShortLink, ShortLinkDay

pytestmark = pytest.mark.django_db
DESK = "/o/musterstadt/internetseite/"


@pytest.fixture
def desk(client: Client, andrea: Operator) -> Client:
    client.force_login(andrea)
    return client


def image(kind: str = "PNG") -> io.BytesIO:
    paper = io.BytesIO()
    Image.new("RGB", (120, 60), "#003f8a").save(paper, kind)
    paper.name = f"logo.{kind.lower()}"
    paper.seek(0)
    return paper


# ── Messages ──────────────────────────────────────────────────────────────


def test_a_message_is_hidden_shown_and_ended_from_the_list(desk: Client, send: Callable[..., Broadcast]) -> None:
    row = send().published
    assert "Der Wochenmarkt zieht um" in desk.get(DESK).content.decode()
    desk.post(f"{DESK}{row.pk}/", {"verbergen": "1"})
    assert not Published.objects.shown().exists()
    desk.post(f"{DESK}{row.pk}/", {"zeigen": "1"})
    assert Published.objects.shown().exists()
    desk.post(f"{DESK}{row.pk}/", {"bis": "2020-01-01"})
    assert not Published.objects.shown().exists()
    assert "Das ist kein Tag" in desk.post(f"{DESK}{row.pk}/", {"bis": "31.12."}, follow=True).content.decode()
    assert AuditEntry.objects.filter(action="website.hide").exists()


def test_the_composer_offers_the_choice(desk: Client, town: Organisation, topics: list[Topic], andrea: Operator) -> None:
    draft = Broadcast.objects.create(organisation=town, title="Markt", author=andrea, audience={"topics": [topics[0].pk]})
    page = desk.get(f"/o/musterstadt/rundnachrichten/{draft.pk}/").content.decode()
    assert "Auch auf der Internetseite zeigen" in page
    answer = desk.post(f"{DESK}zeigen/{draft.pk}/", {}, headers={"HX-Request": "true"})
    assert 'name="zeigen" value="1"' in answer.content.decode()
    assert not publishing.wanted(Broadcast.objects.get(pk=draft.pk))


# ── Look ──────────────────────────────────────────────────────────────────


def test_colours_that_can_be_read_are_taken(desk: Client, client: Client, town: Organisation) -> None:
    assert desk.post(f"{DESK}aussehen/", {"accent": "#8a1f5f", "header": "#003366", "lead_de": "Guten Tag!"}).status_code == 302
    sheet = Client().get("/p/musterstadt/farben.css").content.decode()
    assert "#8a1f5f" in sheet
    page = Client().get("/p/musterstadt/").content.decode()
    assert "Guten Tag!" in page
    assert "/p/musterstadt/farben.css?v=" in page


def test_colours_that_cannot_be_read_are_refused_with_a_sentence(desk: Client) -> None:
    answer = desk.post(f"{DESK}aussehen/", {"accent": "#ffcc00", "header": "#ffffff"})
    assert answer.status_code == 422
    assert "schwer zu lesen: Der Kontrast ist 1,4 zu 1, nötig sind 4,5" in answer.content.decode()
    assert "Nächster passender Ton" in answer.content.decode()
    assert not Look.objects.exists()


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "javascript:1", "#000000;}"])
def test_what_is_no_colour_is_refused(desk: Client, colour: str) -> None:
    assert desk.post(f"{DESK}aussehen/", {"accent": colour, "header": "#ffffff"}).status_code == 422


def test_a_logo_is_put_shown_and_removed(desk: Client, town: Organisation) -> None:
    assert Client().get("/p/musterstadt/logo").status_code == 404
    desk.post(f"{DESK}aussehen/", {"mit_logo": "1", "logo": image()})
    assert Client().get("/p/musterstadt/logo")["Content-Type"] == "image/webp"  # the small one: it stands on every page
    desk.post(f"{DESK}aussehen/", {"ohne_logo": "1"})
    assert Client().get("/p/musterstadt/logo").status_code == 404


def test_a_logo_of_script_is_not_taken(desk: Client) -> None:
    drawn = io.BytesIO(b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
    drawn.name = "logo.svg"
    assert "nehmen wir nicht an" in desk.post(f"{DESK}aussehen/", {"mit_logo": "1", "logo": drawn}, follow=True).content.decode()
    assert not Look.objects.exists()


# ── Legal texts ───────────────────────────────────────────────────────────

FACTS = {
    "street": "Rathausplatz 1", "city": "12345 Musterstadt", "phone": "030 23125 100", "email": "rathaus@musterstadt.example",
    "represented": "Bürgermeisterin Anna Muster", "dpo": "datenschutz@musterstadt.example", "authority": "Landesbeauftragte",
    "status": "partly", "barriers": "Alte Bilder haben keine Beschreibung.", "checked": "2026-11-01", "method": "self",
    "contact": "barrierefrei@musterstadt.example", "enforcement": "Schlichtungsstelle, Teststraße 2",
}  # fmt: skip


def test_the_three_texts_are_written_from_the_facts(desk: Client, bot: Channel) -> None:
    assert desk.post(f"{DESK}rechtliches/", FACTS).status_code == 302
    imprint = Client().get("/p/musterstadt/impressum").content.decode()
    assert "Vertreten durch: Bürgermeisterin Anna Muster" in imprint
    assert "Umsatzsteuer" not in imprint  # nothing was said of it
    assert "Telegram" in Client().get("/p/musterstadt/datenschutz").content.decode()
    statement = Client().get("/p/musterstadt/barrierefreiheit").content.decode()
    assert "Alte Bilder haben keine Beschreibung." in statement
    assert "teilweise" in statement
    assert "partially compliant" in Client().get("/p/musterstadt/barrierefreiheit?sprache=en").content.decode()
    assert "Das meiste klappt gut" in Client().get("/p/musterstadt/barrierefreiheit?sprache=de-simple").content.decode()


def test_the_privacy_text_names_what_is_kept_on_each_way_in_use(desk: Client, town: Organisation, bot: Channel) -> None:
    for kind, state in (("webpush", "running"), ("webchat", "paused"), ("email", "running"), ("threema", "broken"), ("signal", "setup")):
        Channel.objects.create(organisation=town, kind=kind, name=kind, config="{}", state=state)
    Category.objects.create(organisation=town, key="road", title={"de": "Straße"}, keep_days=730)
    Category.objects.create(organisation=town, key="tree", title={"de": "Baum"}, keep_days=90)
    actor = Operator.objects.create_user("bruecke@api.invalid", name="Stadtwerke")
    Bridge.objects.create(organisation=town, kind="mail", name="Stadtwerke", actor=actor)
    town.retention = {"events": 5}
    town.save()
    desk.post(f"{DESK}rechtliches/", FACTS)
    german = unescape(Client().get("/p/musterstadt/datenschutz").content.decode())
    for words in (
        "die letzten 50 Nachrichten", "ein zufälliges Geheimnis", "Postfach der Behörde", "öffentliche Schlüssel", "400 Tage",
        "Anliegen: 90 bis 730 Tage", "Rohdaten der Dienste: höchstens 5 Tage", "die sie bearbeiten: Stadtwerke", "§ 25 Abs. 2 Nr. 2 TDDDG",
    ):  # fmt: skip
        assert words in german, words
    assert "Signal" not in german, "a channel that never began keeps nothing of anybody"
    assert "a random secret" in Client().get("/p/musterstadt/datenschutz?sprache=en").content.decode()
    assert "Ihr Browser merkt sich den Chat" in Client().get("/p/musterstadt/datenschutz?sprache=de-simple").content.decode()
    assert "die letzten 50 Nachrichten" in desk.get(f"{DESK}rechtliches/").content.decode()  # for whoever writes a text of their own


def test_below_a_text_from_elsewhere_stands_what_is_true_of_this_authority(town: Organisation, bot: Channel) -> None:
    """A blueprint brings a privacy text that knows nothing of the ways in use; no text of ours is put below a language we do not write."""
    town.privacy_text = {"de": "**Kurz gesagt.** Wir gehen sorgsam mit Daten um.", "ar": "نحمي بياناتك."}
    town.retention = {"messages": 30}
    town.save()
    german = unescape(Client().get("/p/musterstadt/datenschutz").content.decode())
    assert german.index("Kurz gesagt") < german.index("Verantwortlich: Musterstadt") < german.index("Telegram: die Kennung")
    assert "Nachrichten in Unterhaltungen: 30 Tage" in german
    assert "Beschwerden nimmt entgegen" not in german
    arabic = Client().get("/p/musterstadt/datenschutz?sprache=ar").content.decode()
    assert "نحمي بياناتك" in arabic
    assert "Telegram" not in arabic


def test_who_can_be_written_to_says_what_they_keep_before_anybody_filled_in_a_form(town: Organisation, bot: Channel) -> None:
    page = unescape(Client().get("/p/musterstadt/datenschutz").content.decode())
    assert "Telegram: die Kennung" in page
    assert "Nachrichten in Unterhaltungen: 365 Tage" in page
    assert "Datenschutzbeauftragte" not in page
    town.privacy_url = "https://www.musterstadt.example/datenschutz"
    town.save()
    assert Client().get("/p/musterstadt/datenschutz")["Location"] == town.privacy_url


def test_a_statement_without_barriers_or_contact_is_not_taken(desk: Client) -> None:
    answer = desk.post(f"{DESK}rechtliches/", FACTS | {"barriers": "", "contact": ""})
    assert answer.status_code == 422
    assert "Nennen Sie, was noch nicht barrierefrei ist" in answer.content.decode()


def test_nothing_is_made_up_where_facts_are_missing(client: Client, town: Organisation) -> None:
    assert "Hier steht noch kein Text" in client.get("/p/musterstadt/barrierefreiheit").content.decode()


def test_ones_own_words_replace_what_is_written(desk: Client) -> None:
    desk.post(f"{DESK}rechtliches/", FACTS | {"imprint__de": "## Eigenes\nAlles **anders**.", "imprint__en": ""})
    assert "<strong>anders</strong>" in Client().get("/p/musterstadt/impressum").content.decode()
    assert "Represented by" in Client().get("/p/musterstadt/impressum?sprache=en").content.decode()


def test_a_line_without_its_fact_goes_and_so_does_its_heading() -> None:
    text = "Eins {a}\n\n## Zwei\n{b}\n\n## Drei\nDa {a}"
    assert legal.fill(text, {"a": "x", "b": ""}) == "Eins x\n\n## Drei\nDa x"


# ── Short links ───────────────────────────────────────────────────────────


def test_a_short_link_leads_and_counts_by_the_day(desk: Client, town: Organisation) -> None:
    desk.post(f"{DESK}links/", {"target": "https://musterstadt.example/markt", "code": "markt", "note": "Plakat"})
    for _visit in range(3):
        answer = Client().get("/k/markt", headers={"user-agent": "x"})
        assert answer["Location"] == "https://musterstadt.example/markt"
        assert not answer.cookies
        assert answer["Cache-Control"] == "no-store, private"
    Client().head("/k/MARKT")
    assert list(ShortLinkDay.objects.values_list("day", "number")) == [(timezone.localdate(), 3)]
    assert "3-mal geöffnet" in desk.get(f"{DESK}links/").content.decode()


def test_whoever_does_not_count_keeps_nothing(desk: Client, town: Organisation, andrea: Operator) -> None:
    link = short.make(town, "https://musterstadt.example/", operator=andrea)
    Client().get(f"/k/{link.code}")
    desk.post(f"{DESK}links/{link.pk}/", {"nicht_zaehlen": "1"})
    Client().get(f"/k/{link.code}")
    assert not ShortLinkDay.objects.exists()


def test_what_is_over_or_off_leads_nowhere(desk: Client, town: Organisation, andrea: Operator) -> None:
    over = short.make(town, "https://musterstadt.example/", operator=andrea, expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(f"/k/{over.code}").status_code == 410
    link = short.make(town, "https://musterstadt.example/", operator=andrea)
    desk.post(f"{DESK}links/{link.pk}/", {"aus": "1"})
    assert Client().get(f"/k/{link.code}").status_code == 410
    desk.post(f"{DESK}links/{link.pk}/", {"an": "1"})
    assert Client().get(f"/k/{link.code}").status_code == 302
    assert Client().get("/k/gibtesnicht").status_code == 404


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "//boese.example", "musterstadt", ""])
def test_a_link_leads_to_the_web_alone(town: Organisation, andrea: Operator, target: str) -> None:
    with pytest.raises(ValidationError):
        short.make(town, target, operator=andrea)
    assert not ShortLink.objects.exists()


def test_a_word_is_given_once(town: Organisation, andrea: Operator) -> None:
    short.make(town, "https://musterstadt.example/", operator=andrea, code="Markt")
    with pytest.raises(ValidationError, match="schon vergeben"):
        short.make(town, "https://musterstadt.example/2", operator=andrea, code="markt")
    with pytest.raises(ValidationError, match="3 bis 20"):
        short.make(town, "https://musterstadt.example/2", operator=andrea, code="zu kurz ist das nicht, aber falsch")


def test_its_code_is_an_svg_to_download(desk: Client, town: Organisation, andrea: Operator) -> None:
    link = short.make(town, "https://musterstadt.example/", operator=andrea, code="markt")
    answer = desk.get(f"{DESK}links/{link.pk}/qr.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer.content.startswith(b"<svg")


def test_the_line_for_the_own_site_is_there_as_soon_as_a_chat_is_open(desk: Client, town: Organisation) -> None:
    assert "kein Chat geöffnet" in desk.get(f"{DESK}aushang/").content.decode()
    Channel.objects.create(organisation=town, kind="webchat", name="Chat", config="{}", state="running")
    page = desk.get(f"{DESK}aushang/").content.decode()
    line = unescape(page).partition('<code id="chatzeile">')[2].partition("</code>")[0]
    address = line.partition('src="')[2].partition('"')[0]
    assert address.endswith("/p/musterstadt/chat/widget.js")
    assert desk.get(address).status_code == 200
