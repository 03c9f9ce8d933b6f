"""Pictures, sounds and films that blueprints bring: small, readable, each described, and with the citizen who asks."""

from __future__ import annotations

import io
from itertools import count

import pytest
from django.utils import timezone
from PIL import Image

from buergerdraht import inbound
from buergerdraht.accounts.models import Organisation
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.dialogs_step import KINDS
from buergerdraht.blueprints.pieces import Blueprint
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.connectors.contract import Content, Received, Sender, content_from_json
from buergerdraht.connectors.whatsapp.limits import LIMITS
from buergerdraht.contacts.models import Contact
from buergerdraht.dialogs import shelf, triggers
from buergerdraht.dialogs.models import NamedFile
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.gateway.models import Media as Stored
from buergerdraht.privacy.erase import erase

BRINGING = [each for each in all_blueprints().values() if each.files]
NUMBERS = count(1)
of_each = pytest.mark.parametrize("blueprint", BRINGING, ids=lambda each: each.key)


@pytest.fixture
def town(db: None) -> Organisation:
    triggers.forget()
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de", "en"])


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="whatsapp", name="WhatsApp", config="{}", state="running")


def write(channel: Channel, *texts: str) -> list[Content]:
    """Write to the authority, and give back what goes out after the last word."""
    last = 0
    for text in texts:
        last = Outbound.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        sender = Sender(address="491700000001", name="Paula Beispiel", language="de")
        inbound.handle(channel, Received(external_id=f"f{next(NUMBERS)}", sender=sender, at=timezone.now(), text=text))
    rows = Outbound.objects.filter(pk__gt=last).order_by("pk").select_related("content")
    return [content_from_json(row.content.content) for row in rows]


@of_each
def test_every_file_is_what_messengers_take(blueprint: Blueprint) -> None:
    for name, path in blueprint.files.items():
        looked = files.look(path.read_bytes(), name)
        assert (looked.kind, looked.mime) == KINDS[path.suffix]
        assert looked.mime in LIMITS.mimes[looked.kind.value]


@of_each
def test_every_drawing_shows_something(blueprint: Blueprint) -> None:
    for name, path in blueprint.files.items():
        if path.suffix == ".png":
            with Image.open(io.BytesIO(path.read_bytes())) as drawing:
                assert drawing.size == (640, 400), name
                assert len(drawing.convert("RGB").getcolors(100_000) or []) > 20, name


@of_each
def test_every_row_has_a_picture_and_says_in_both_languages_what_is_to_be_seen(blueprint: Blueprint) -> None:
    (table,) = blueprint.tables
    for row in table.filled("sie", timezone.localdate()):
        assert row["picture"] in blueprint.files
        assert row["picture_de"]
        assert row["picture_en"]


@of_each
def test_switched_on_twice_every_file_is_kept_once(town: Organisation, blueprint: Blueprint) -> None:
    actions.switch_on(town, blueprint, operator=None)
    assert shelf.names(town.pk) == blueprint.files.keys()
    kept = Stored.objects.filter(organisation=town).count()
    assert kept == len(blueprint.files)
    assert actions.switch_on(town, blueprint, operator=None) == []
    assert Stored.objects.filter(organisation=town).count() == kept


def test_a_file_of_ones_own_under_that_name_stays(town: Organisation) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    shelf.put(town, {"forst.png": out.getvalue()})
    mine = NamedFile.objects.get(name="forst.png").media_id
    actions.switch_on(town, all_blueprints()["career_chat"], operator=None)
    assert NamedFile.objects.get(organisation=town, name="forst.png").media_id == mine


def test_an_occupation_comes_with_picture_film_and_sound(channel: Channel) -> None:
    actions.switch_on(channel.organisation, all_blueprints()["career_chat"], operator=None)
    shown = write(channel, "BERUFE", "1", "Umwelt", "2", "2")
    assert [(each.file_name, each.alt) for content in shown for each in content.media] == [
        ("wasser.png", "Wasserturm, Becken mit Wellen und eine Wasserprobe")
    ]
    more = write(channel, "Video und Hörbeitrag")
    assert [each.kind.value for content in more for each in content.media] == ["video", "voice"]


def test_proposals_come_with_a_picture_each(channel: Channel) -> None:
    actions.switch_on(channel.organisation, all_blueprints()["tourist_guide"], operator=None)
    shown = write(channel, "AUSFLUG", "1", "Mit Kindern", "Natur", "Nass oder kalt", "2")
    assert [each.file_name for content in shown for each in content.media] == ["wildgehege.png", "tropenhaus.png", "uferweg.png"]
    assert shown[0].media[0].alt == "Wildgehege Musterwald: Hirsch hinter einem Zaun am Wald"


def test_pictures_of_the_house_outlive_the_citizen_who_got_them(channel: Channel) -> None:
    actions.switch_on(channel.organisation, all_blueprints()["career_chat"], operator=None)
    write(channel, "BERUFE", "1", "Umwelt", "2", "2")
    erase(Contact.objects.get(organisation=channel.organisation), wish="citizen")
    assert shelf.find(channel.organisation_id, ["wasser.png"])
