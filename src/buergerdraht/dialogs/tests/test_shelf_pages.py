"""The house sees its shelf, lays files there under names it chose, puts its own picture in place of a drawn one, takes one away."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.dialogs import files_uses, shelf
from buergerdraht.dialogs.models import Dialog, NamedFile, Table
from buergerdraht.dialogs.tests.conftest import make_live
from buergerdraht.dialogs.tests.test_shelf import TEXT, picture
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

DESK = "/o/musterstadt/einstellungen/dateien/"


@pytest.fixture
def hof(town: Organisation) -> NamedFile:
    return shelf.add(town, "hof.png", picture())


def upload(data: bytes | None = None, name: str = "Hof Café.PNG") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(1) if data is None else data)


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"\0\0" * 80)
    return out.getvalue()


def page(answer: Any) -> str:
    return str(answer.content.decode())


def trips(town: Organisation) -> Dialog:
    return make_live(town, TEXT.replace("{{ raw.trip.picture }}", "hof.png"))


def sent(town: Organisation, media: Media, **more: Any) -> Message:
    conversation = Conversation.objects.create(organisation=town, contact=Contact.objects.create(organisation=town), **more)
    message = conversation.messages.create(organisation=town, author="bot", at=timezone.now())
    message.media.add(media)
    return message


def verbs(town: Organisation) -> list[str]:
    return list(AuditEntry.objects.filter(organisation=town, action__endswith="_file").order_by("number").values_list("action", flat=True))


# ── The list ──────────────────────────────────────────────────────────────


def test_an_empty_shelf_says_what_to_do_next(desk: Client, town: Organisation) -> None:
    text = page(desk.get(DESK))
    assert "Noch keine Datei" in text
    assert f"{DESK}neu/" in text


def test_the_list_shows_each_file_with_its_name_its_size_and_where_it_is_used(desk: Client, town: Organisation, hof: NamedFile) -> None:
    shelf.add(town, "ton.wav", sound())
    trips(town)
    rows = [{"key": "a", "picture": ""}, {"key": "b", "picture": " hof.png "}]
    Table.objects.create(organisation=town, key="trips", title="Ziele", columns=["key", "picture"], rows=rows)
    text = page(desk.get(DESK))
    assert "hof.png" in text
    assert f"{hof.media_id}?klein" in text
    assert "Ton · " in text
    assert "Ausflüge" in text
    assert "Entwurf und veröffentlichte Version" in text
    assert "Ziele" in text
    assert "Zeile 2" in text
    assert text.count("nirgends verwendet") == 1
    assert "hof.png" not in page(desk.get(DESK, {"q": "ton"}))


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("hof.png", True), ("hof.jpg", False), ("{{ raw.a }}.png", True), ("{{ raw.a }}.jpg", False), ("h{{ raw.a }}{{ raw.b }}g", True),
        ("x{{ raw.a }}.png", False), ("{{ raw.a }}o{% if raw.b %}f.{% endif %}png", True), ("{{ raw.a }}fo{{ raw.b }}", False),
        ("hof.p{{ raw.a }}png", False), ("{{ raw.a }}", False), ("", False),
    ],
)  # fmt: skip
def test_a_name_that_a_step_puts_together_may_be_this_one(written: str, named: bool) -> None:
    assert files_uses._fits(written, "hof.png") is named


def test_the_list_asks_no_more_the_more_files_there_are(
    desk: Client, town: Organisation, hof: NamedFile, django_assert_max_num_queries: Any
) -> None:
    trips(town)
    for shade in range(2, 12):
        shelf.add(town, f"bild{shade}.png", picture(shade))
    with django_assert_max_num_queries(16):
        desk.get(DESK)


def test_a_name_of_another_house_is_neither_seen_nor_used(desk: Client, town: Organisation, hof: NamedFile) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
    make_live(other, TEXT.replace("{{ raw.trip.picture }}", "hof.png"))
    Table.objects.create(organisation=other, key="trips", title="Ziele", columns=["picture"], rows=[{"picture": "hof.png"}])
    far = shelf.add(other, "fern.png", picture(9))
    text = page(desk.get(DESK))
    assert "fern.png" not in text
    assert "nirgends verwendet" in text
    assert desk.get(f"{DESK}{far.pk}/").status_code == 404
    assert desk.post(f"{DESK}{far.pk}/", {"file": upload()}).status_code == 404
    assert desk.post(f"{DESK}{far.pk}/entfernen/").status_code == 404
    assert NamedFile.objects.filter(pk=far.pk, media=far.media).exists()


def test_only_who_writes_or_manages_comes_in(town: Organisation, hof: NamedFile, kemal: Membership, desk: Client) -> None:
    Membership.objects.filter(pk=kemal.pk).update(roles=["agent"])
    assert [desk.get(DESK).status_code, desk.get(f"{DESK}{hof.pk}/").status_code] == [403, 403]
    assert desk.post(f"{DESK}neu/", {"file": upload()}).status_code == 403
    assert desk.post(f"{DESK}{hof.pk}/entfernen/").status_code == 403
    Membership.objects.filter(pk=kemal.pk).update(roles=["administrator"])
    assert desk.get(DESK).status_code == 200


# ── A new file ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chosen", "name"), [("", "hof-cafe.png"), ("Markt", "markt.png"), ("markt_2.png", "markt_2.png"), ("markt.jpg", "markt.jpg")]
)
def test_a_file_gets_the_chosen_name_or_one_like_its_own(desk: Client, town: Organisation, chosen: str, name: str) -> None:
    answer = desk.post(f"{DESK}neu/", {"file": upload(), "name": chosen}, follow=True)
    assert f"als „{name}“" in page(answer)
    assert NamedFile.objects.get().name == name
    assert verbs(town) == ["dialogs.add_file"]
    assert shelf.find(town.pk, [name])[name].file_name.endswith(".png"), "what is sent is called what it is"


@pytest.mark.parametrize("chosen", ["Hof Café.png", "../hof.png", "hof.pdf", "x" * 62 + ".png"])
def test_a_name_that_cannot_be_said_is_refused_with_one_that_can(desk: Client, town: Organisation, chosen: str) -> None:
    answer = desk.post(f"{DESK}neu/", {"file": upload(), "name": chosen})
    assert answer.status_code == 422
    assert "Möglich ist „" in page(answer)
    assert not Media.objects.exists()


def test_a_name_that_is_taken_is_refused_and_keeps_its_file(desk: Client, town: Organisation, hof: NamedFile) -> None:
    answer = desk.post(f"{DESK}neu/", {"file": upload(), "name": "hof.png"})
    assert answer.status_code == 422
    assert "„hof.png“ gibt es schon" in page(answer)
    assert (NamedFile.objects.get().media, Media.objects.count()) == (hof.media, 1)


@pytest.mark.parametrize(("data", "name", "sentence"), [(b"", "hof.png", "leer"), (b"MZ\0\0", "hof.exe", "Dateityp")])
def test_what_is_no_file_of_ours_is_refused_as_in_the_editor(
    desk: Client, town: Organisation, data: bytes, name: str, sentence: str
) -> None:
    answer = desk.post(f"{DESK}neu/", {"file": upload(data, name)})
    assert answer.status_code == 422
    assert sentence in page(answer)


def test_nothing_chosen_is_told_beside_the_field(desk: Client, town: Organisation) -> None:
    assert desk.post(f"{DESK}neu/", {"name": "hof"}).status_code == 422


class Late:
    """A moment in which somebody else was faster: what is asked for was not there yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shelf, "names", lambda _organisation: frozenset())
        monkeypatch.setattr(QuerySet, "exists", lambda rows, real=QuerySet.exists: rows.model is not NamedFile and real(rows))


def test_of_two_uploads_at_once_the_second_gets_the_next_name(town: Organisation, hof: NamedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    Late(monkeypatch)
    assert shelf.add(town, "hof.png", picture(7)).name == "hof-1.png"
    assert shelf.put(town, {"hof.png": picture(8)}) == []
    assert NamedFile.objects.get(name="hof.png").media == hof.media


def test_of_two_uploads_at_once_under_a_chosen_name_the_second_is_told(
    town: Organisation, hof: NamedFile, kemal: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    Late(monkeypatch)
    with pytest.raises(ValidationError, match="gibt es schon"):
        shelf.lay(town, shelf.Upload("hof.png", picture(7)), "hof.png", operator=kemal.operator)
    monkeypatch.undo()
    assert list(Media.objects.all()) == [hof.media], "nor do its bytes stay behind"


# ── Another in its place ──────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_the_authority_puts_its_own_picture_in_place_of_a_drawn_one(desk: Client, town: Organisation, hof: NamedFile) -> None:
    old = files.path(hof.media)
    answer = desk.post(f"{DESK}{hof.pk}/", {"file": upload()}, follow=True)
    assert "Ersetzt" in page(answer)
    now = NamedFile.objects.get()
    assert (now.pk, now.name) == (hof.pk, "hof.png")
    assert shelf.find(town.pk, ["hof.png"])["hof.png"].id == str(now.media_id) != str(hof.media_id)
    assert not old.exists()
    assert not Media.objects.filter(pk=hof.media_id).exists()
    assert verbs(town) == ["dialogs.replace_file"]


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_stays_readable_when_its_name_gets_another_file(desk: Client, town: Organisation, hof: NamedFile) -> None:
    message = sent(town, hof.media)
    desk.post(f"{DESK}{hof.pk}/", {"file": upload()})
    assert message.media.get() == hof.media
    assert desk.get(f"/o/musterstadt/datei/{hof.media_id}").status_code == 200
    desk.post(f"{DESK}{hof.pk}/entfernen/")
    assert not NamedFile.objects.exists()
    assert [each.pk for each in Media.objects.all()] == [hof.media_id], "the one in between, which nobody got, is gone"
    assert files.path(hof.media).exists()


@pytest.mark.django_db(transaction=True)
def test_what_has_two_names_loses_one(desk: Client, town: Organisation, hof: NamedFile) -> None:
    [other] = shelf.put(town, {"kopie.png": picture()})
    assert other.media == hof.media
    desk.post(f"{DESK}{hof.pk}/entfernen/")
    assert shelf.find(town.pk, ["hof.png", "kopie.png"]).keys() == {"kopie.png"}
    assert files.path(hof.media).exists()


def test_the_same_file_again_changes_nothing(desk: Client, town: Organisation, hof: NamedFile) -> None:
    assert "dieselbe Datei" in page(desk.post(f"{DESK}{hof.pk}/", {"file": upload(picture())}, follow=True))
    assert (NamedFile.objects.get().media, verbs(town)) == (hof.media, [])


def test_a_picture_is_not_replaced_by_a_sound(desk: Client, town: Organisation, hof: NamedFile) -> None:
    answer = desk.post(f"{DESK}{hof.pk}/", {"file": upload(sound(), "ton.wav")})
    assert answer.status_code == 422
    assert "derselben Art" in page(answer)
    assert list(Media.objects.all()) == [hof.media]


# ── Taken away ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", ["draft", "live", "table"])
def test_what_is_still_named_stays_and_says_where(desk: Client, town: Organisation, hof: NamedFile, place: str) -> None:
    if place == "table":
        Table.objects.create(organisation=town, key="trips", title="Ziele", columns=["picture"], rows=[{"picture": "hof.png"}])
    else:
        dialog = trips(town)
        other = {**dialog.draft, "steps": dialog.draft["steps"][:1]}
        Dialog.objects.update(**({"live": None} if place == "draft" else {"draft": other}))
    answer = desk.post(f"{DESK}{hof.pk}/entfernen/", follow=True)
    told = {"draft": "„Ausflüge“ (Entwurf)", "live": "„Ausflüge“ (veröffentlichte Version)", "table": "„Ziele“ (Zeile 1)"}
    assert f"„hof.png“ steht noch in {told[place]}" in page(answer)
    assert "Datei löschen" not in page(answer)
    assert NamedFile.objects.exists()
    assert verbs(town) == []


@pytest.mark.django_db(transaction=True)
def test_what_nothing_names_goes_with_its_bytes(desk: Client, town: Organisation, hof: NamedFile) -> None:
    lies: list[Path] = [files.path(hof.media), files.small_path(hof.media)]
    assert "ist gelöscht" in page(desk.post(f"{DESK}{hof.pk}/entfernen/", follow=True))
    assert not NamedFile.objects.exists()
    assert not Media.objects.exists()
    assert not any(each.exists() for each in lies)
    assert verbs(town) == ["dialogs.remove_file"]


def test_it_is_removed_by_a_post_with_a_token_alone(hof: NamedFile, kemal: Membership) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(kemal.operator)
    assert strict.get(f"{DESK}{hof.pk}/entfernen/").status_code == 405
    assert strict.post(f"{DESK}{hof.pk}/entfernen/").status_code == 403
    assert NamedFile.objects.exists()


def test_a_name_whose_content_was_deleted_can_be_given_another(desk: Client, town: Organisation, hof: NamedFile) -> None:
    files.remove(hof.media)
    assert "Der Inhalt fehlt" in page(desk.get(DESK))
    assert "nicht mehr da" in page(desk.get(f"{DESK}{hof.pk}/"))
    desk.post(f"{DESK}{hof.pk}/", {"file": upload()})
    assert shelf.find(town.pk, ["hof.png"])


# ── Who sees it, and where its name stands ────────────────────────────────


def test_who_writes_dialogs_sees_the_shelf_whoever_got_the_file(town: Organisation, hof: NamedFile, kemal: Membership) -> None:
    sent(town, hof.media, confidential=True)
    secret = files.store(town, picture(50), "geheim.png")
    sent(town, secret, confidential=True)
    viewer = Membership.objects.create(
        organisation=town, operator=Operator.objects.create_user("vera@musterstadt.example", name="Vera"), roles=["viewer"]
    )
    seen = {}
    for member in (kemal, viewer):
        client = Client()
        client.force_login(member.operator)
        seen[member.pk] = [client.get(f"/o/musterstadt/datei/{each.pk}").status_code for each in (hof.media, secret)]
    assert seen == {kemal.pk: [200, 404], viewer.pk: [404, 404]}


def test_the_step_says_the_names_of_its_files_and_leads_to_the_shelf(desk: Client, town: Organisation, hof: NamedFile) -> None:
    dialog = trips(town)
    text = page(desk.get(f"/o/musterstadt/dialoge/{dialog.pk}/schritt/show/"))
    assert "<code>hof.png</code>" in text
    assert f'href="{DESK}"' in text
