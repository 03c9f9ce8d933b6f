"""Every page that is read without signing in weighs at most 100 KB: itself, its sheets, scripts, icons and the logo, as raw bytes.

Not counted is what a message or a report brings along (its own pictures, fetched as one scrolls) and the map, which comes by script, on
small screens on a press. Nothing is squeezed for the counting: what travels is less.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role
from buergerdraht.broadcasts import publishing as handing
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.cases import actions, delegating, opening, spotting, web_views
from buergerdraht.cases.models import Category, Draft, Firm, Ground
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway import channels, files
from buergerdraht.gateway.models import Channel
from buergerdraht.privacy import access
from buergerdraht.website import links, publishing, short, subscribing
from buergerdraht.website.models import Look, SignUp

pytestmark = pytest.mark.django_db
MOST = 100_000  # bytes
SQUARE = {"type": "Polygon", "coordinates": [[[7.0, 51.0], [7.2, 51.0], [7.2, 51.2], [7.0, 51.2], [7.0, 51.0]]]}
LONG = "Der Wochenmarkt zieht um: Ab Samstag stehen die Händlerinnen und Händler auf dem Rathausplatz. "
APPS = ("website", "reports", "delegations", "handoff", "access", "short")
# Addresses that answer with something else than a page to read.
NO_PAGES = {
    "website": """chat_window chat_state chat_seen chat_code chat_widget chat_file push_manifest push_icon push_worker push_sign_up
        push_state push_leave push_renew atom rss json_feed calendar_feed date picture colours logo""",
    "reports": "points atom rss json geojson picture act",
    "delegations": "picture act",
    "handoff": "picture act",
    "access": "file",
}


def drawn(side: int, kind: str = "PNG") -> bytes:
    paper = io.BytesIO()
    Image.effect_noise((side, side), 80).convert("RGB").save(paper, kind)  # noise: nothing packs worse
    return paper.getvalue()


@pytest.fixture
def town(db: None) -> Organisation:
    """One that has everything, and much of it."""
    cache.clear()
    town = Organisation.objects.create(slug="stadt", name="Stadt Beispiel an der Aue", languages=["de", "en", "de-simple", "ar"])
    facts = {
        "street": "Rathausplatz 1",
        "city": "12345 Beispiel",
        "dpo": "dsb@stadt.example",
        "status": "full",
        "contact": "a@stadt.example",
    }
    Look.objects.create(organisation=town, facts=facts, logo=files.store(town, drawn(640), "logo.png"))
    Ground.objects.create(organisation=town, area=SQUARE, public=True)
    for number in range(12):
        title = {"de": f"Thema Nummer {number} mit einem langen Namen", "en": f"Topic number {number}"}
        Topic.objects.create(organisation=town, key=f"thema-{number}", title=title, description={"de": LONG[:90]}, position=number)
        Category.objects.create(organisation=town, key=f"art-{number}", title={"de": f"Art {number}"}, visibility="public")
    told = {"username": "stadt_bot", "bot_token": f"7300000001:{'a' * 35}", "secret_token": "geheim", "host": "http://localhost:1"}
    configs = {"telegram": TelegramConfig.model_validate(told), "webchat": WebChatConfig.model_validate({}),
               "webpush": WebPushConfig.model_validate({"contact": "it@stadt.example"})}  # fmt: skip
    for kind, config in configs.items():
        Channel.objects.create(organisation=town, kind=kind, name=kind, config=channels.sealed(config), state="running")
    return town


@pytest.fixture
def pages(town: Organisation) -> dict[str, str]:
    """An address of every public page."""
    home, reports = f"/p/{town.slug}/", f"/melden/{town.slug}/"
    row = messages(town)
    sign_up = signed_up(town)
    return {
        **{f"website:{name}": home + path for name, path in {
            "start": "", "subscribe": "abo?thema=thema-1", "embedded": "abo/rahmen?thema=thema-1", "embed": "abo/einbetten",
            "archive": "nachrichten/",
            "settings": "einstellungen/", "message": f"nachrichten/{row}/", "calendar": "kalender", "privacy": "datenschutz",
            "imprint": "impressum", "accessibility": "barrierefreiheit", "consultations": "sprechstunde", "booking": "termine",
            "chat": "chat", "push": "push",
        }.items()},
        "website:confirm": inside(links.to_confirm(sign_up)),
        "website:preferences": inside(links.to_settings(address(town))[0]),
        "short:follow": f"/k/{ended(town)}",
        "access:show": inside(access.open_link(address(town).contact)[0]),
        "handoff:show": f"/beitrag/{posting(town)}/",
        **{f"reports:{name}": reports + path for name, path in case_paths(town).items()},
        "delegations:show": delegation(town),
        "nowhere": f"{home}nachrichten/gibt-es-nicht/",
    }  # fmt: skip


def inside(url: str) -> str:
    return urlsplit(url).path


def messages(town: Organisation) -> str:
    """A list that is full; gives the address of the last message."""
    for number in range(25):
        said = {language: {"title": f"{number}. {LONG[:80]}", "text": LONG * 30} for language in ("de", "en", "ar")}
        topics = [topic.pk for topic in Topic.objects.all()[:4]]
        row = publishing.publish(Broadcast.objects.create(organisation=town, title="x", versions=said, audience={"topics": topics}))
    assert row is not None
    return row.slug


def address(town: Organisation) -> Address:
    found = Address.objects.select_related("contact", "organisation").first()
    if found is None:
        contact = Contact.objects.create(organisation=town, name="Petra")
        channel = Channel.objects.get(kind="telegram")
        found = Address.objects.create(organisation=town, contact=contact, channel=channel, address="1", address_hash=b"1", handle="@petra")
    return found


def signed_up(town: Organisation) -> SignUp:
    subscribing.ask(Channel.objects.get(kind="telegram"), "petra@wohnort.example", list(Topic.objects.all()), "de")
    return SignUp.objects.get()


def operator(town: Organisation) -> Operator:
    found = Operator.objects.filter(email="andrea@stadt.example").first()
    if found is None:
        found = Operator.objects.create_user("andrea@stadt.example", name="Andrea")
        join(town, found, [Role.ADMINISTRATOR.value, Role.EDITOR.value])
    return found


def ended(town: Organisation) -> str:
    link = short.make(town, "https://stadt.example/", operator=operator(town))
    short.change(link, operator=operator(town), active=False)
    return link.code


def posting(town: Organisation) -> str:
    by_hand = Channel.objects.create(organisation=town, kind="whatsapp_channel", name="Kanal", config="{}", state="running")
    broadcast = Broadcast.objects.create(organisation=town, title="Markt")
    said = {"text": LONG * 5}
    row = Posting.objects.create(organisation=town, broadcast=broadcast, channel=by_hand, state="handed", content=said, links=1)
    return handing.link(row, operator(town))


def case_paths(town: Organisation) -> dict[str, str]:
    category = Category.objects.get(key="art-1")
    cases = [opening.open(opening.Matter(category=category, at=timezone.now(), text=LONG, place="Am Markt 1", latitude=51.1, longitude=7.1))
             for _number in range(25)]  # fmt: skip
    for case in cases:
        actions.release(case, LONG, [], operator=operator(town))
    draft = Draft.objects.create(contact=address(town).contact, address=address(town))
    return {
        "list": "", "spot": inside(spotting.link(draft)).removeprefix(f"/melden/{town.slug}/"), "new": "neu/", "form": "neu/art-1/",
        "status": f"stand/{web_views.token(cases[0])}/", "case": f"{cases[0].number}/",
    }  # fmt: skip


def delegation(town: Organisation) -> str:
    category = Category.objects.get(key="art-2")
    case = opening.open(opening.Matter(category=category, at=timezone.now(), text=LONG, place="Am Markt 2", latitude=51.1, longitude=7.1))
    task = delegating.Task(
        firm=Firm.objects.create(organisation=town, name="Bau GmbH Beispiel"), words=LONG * 3, until=timezone.now() + timedelta(days=7)
    )
    return inside(delegating.delegate(case, task, operator=operator(town))[1])


# ── Weighing ──────────────────────────────────────────────────────────────


def weigh(client: Client, path: str) -> dict[str, int]:
    """Bytes by address: the page, and what it makes a browser fetch."""
    page = client.get(path)
    html = page.content.decode()
    found = {path: len(page.content)}
    wanted = re.findall(r'<link\b[^>]*\brel="(?:stylesheet|icon|manifest|apple-touch-icon)"[^>]*\bhref="([^"]+)"', html)
    wanted += re.findall(r'<script\b[^>]*\bsrc="([^"]+)"', html)
    wanted += [each.partition("#")[0] for each in re.findall(r'<use href="([^"]+)"', html)]
    wanted += [each for each in re.findall(r'<img\b[^>]*\bsrc="([^"]+)"', html) if each.partition("?")[0].endswith("/logo")]
    for each in wanted:
        found |= fetched(client, each.replace("&amp;", "&"), found)
    return found


def fetched(client: Client, address: str, known: dict[str, int]) -> dict[str, int]:
    if address in known:
        return {}
    if not address.startswith("/static/"):
        answer: Any = client.get(address)
        assert answer.status_code == 200, address
        return {address: len(b"".join(answer.streaming_content) if answer.streaming else answer.content)}
    path = finders.find(address.removeprefix("/static/").partition("?")[0])
    assert path, address
    data = Path(path).read_bytes()
    found = {address: len(data)}
    further = re.findall(rb"""(?:^import[^'"]*|\bfrom\s*)["']([./][^"']+)["']""", data, re.M) if address.endswith("js") else []
    further += re.findall(rb"""(?:@import\s*|url\()["']?(?!data:)([^"')]+)""", data) if address.endswith("css") else []
    for each in further:
        found |= fetched(client, urljoin(address, each.decode()), known | found)
    return found


def routes(patterns: list[Any], app: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, pattern.app_name or app)
        elif isinstance(pattern, URLPattern) and app in APPS and pattern.name:
            yield f"{app}:{pattern.name}"


def test_every_public_page_is_weighed(pages: dict[str, str]) -> None:
    known = set(pages) | {f"{app}:{name}" for app, names in NO_PAGES.items() for name in names.split()}
    assert set(routes(get_resolver().url_patterns)) - known == set(), "say here where it stands, or that it is no page"


def test_none_is_heavier_than_100_kb(pages: dict[str, str]) -> None:
    client = Client(headers={"accept-language": "de"})
    weights = {name: weigh(client, path) for name, path in pages.items()}
    statuses = {name: client.get(path).status_code for name, path in pages.items()}
    assert {name for name, status in statuses.items() if status != 200} == {"nowhere", "short:follow"}, statuses
    heavy = {name: found for name, found in weights.items() if sum(found.values()) > MOST}
    assert not heavy, json.dumps(heavy, indent=1)
    assert all(sum(found.values()) > 15_000 for name, found in weights.items()), "something was not found"
    for name, found in sorted(weights.items(), key=lambda pair: -sum(pair[1].values())):
        print(f"{sum(found.values()) / 1000:6.1f} KB  {name}")


def test_the_form_with_a_photo_still_weighs_little(town: Organisation) -> None:
    """The last step of a report, where most stands on one page."""
    client, path = Client(headers={"accept-language": "de"}), f"/melden/{town.slug}/neu/art-1/"
    form = client.get(path).content.decode()
    carried = re.search(r'name="bericht" value="([^"]*)"', form)
    assert carried
    given = {"bericht": carried[1], "place": "Am Markt 1", "latitude": "51.1", "longitude": "7.1", "words": LONG, "weiter": "1"}
    answer = client.post(path, given | {"photos": SimpleUploadedFile("loch.jpg", drawn(200, "JPEG"), "image/jpeg")})
    assert answer.status_code == 200
    assert "Schritt 3 von 3" in answer.content.decode()
    assert len(answer.content) < 20_000
