from __future__ import annotations

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.gateway import files, using
from buergerdraht.gateway.models import Channel, Media, MediaUpload, Taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(organisation: Organisation) -> Media:
    return files.store(organisation, b"Name;Ort\n", "liste.csv")


def test_what_says_something_of_a_file_does_not_use_it(channel: Channel, media: Media) -> None:
    Taken.objects.create(media=media, place="50.1,8.6")
    MediaUpload.objects.create(media=media, channel=channel, external_id="1", expires_at=media.created_at)
    assert not using.used(media)


def test_every_table_that_may_name_a_file_is_asked() -> None:
    """Whoever adds one decides here whether a case's original may hang on it, too."""
    assert {label for label, _, _ in using._columns()} - using.OWN == {
        "cases.Photo.media", "cases.Photo.shown", "conversations.Message_media.media", "dialogs.NamedFile.media",
        "meters.MeterReading.photo", "website.Look.logo", "website.Published.media",
    }  # fmt: skip
