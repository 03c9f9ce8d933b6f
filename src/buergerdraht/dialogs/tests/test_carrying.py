"""A dialog goes elsewhere with its files, and nothing that says it is one is believed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.dialogs import actions, carrying, document, shelf
from buergerdraht.dialogs.models import Dialog, NamedFile

TEXT = """
key: hof
title: {de: Hof}
languages: [de]
steps:
- {id: look, kind: say, text: {de: "Unser Hof"}, files: [{file: hof.png, alt: {de: Der Hof}}, {file: fehlt.png}]}
- {id: bye, kind: end, text: {de: "Bis bald"}}
"""


def picture(shade: int = 9) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def operator(kemal: Membership) -> Operator:
    return kemal.operator


@pytest.fixture
def farm(town: Organisation) -> Dialog:
    shelf.put(town, {"hof.png": picture()})
    return actions.create_from(town, document.read(TEXT), operator=None)


@pytest.fixture
def county(db: None) -> Organisation:
    return Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])


def bundle(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in entries.items():
            written.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


def test_it_goes_with_its_files_and_says_which_stay_behind(farm: Dialog, county: Organisation, operator: Operator) -> None:
    packed = carrying.pack(farm)
    assert packed.ending == "zip"
    with zipfile.ZipFile(io.BytesIO(packed.data)) as found:
        assert found.namelist() == ["dialog.yaml", "dateien/hof.png"]
        assert "# fehlt.png" in found.read("dialog.yaml").decode().split("edition:")[0]
    brought = carrying.bring(county, packed.data, operator=operator)
    assert (brought.laid, brought.other) == (["hof.png"], [])
    assert brought.dialog.draft["steps"] == farm.draft["steps"]
    assert NamedFile.objects.get(organisation=county).media.sha256 == NamedFile.objects.get(organisation=farm.organisation).media.sha256


def test_without_files_it_is_plain_yaml(town: Organisation) -> None:
    packed = carrying.pack(actions.create_from(town, document.read(TEXT), operator=None))
    assert packed.ending == "yaml"
    assert document.read(packed.data.decode()) == document.read(TEXT)


def test_a_name_that_is_taken_keeps_what_it_names_and_that_is_said(farm: Dialog, county: Organisation, operator: Operator) -> None:
    shelf.put(county, {"hof.png": picture(200)})
    mine = NamedFile.objects.get(organisation=county).media_id
    brought = carrying.bring(county, carrying.pack(farm).data, operator=operator)
    assert (brought.laid, brought.other) == ([], ["hof.png"])
    assert NamedFile.objects.get(organisation=county).media_id == mine
    again = carrying.bring(farm.organisation, carrying.pack(farm).data, operator=operator)
    assert (again.laid, again.other) == ([], []), "the very same file is no surprise"


@pytest.mark.parametrize(
    "data",
    [
        b"PK nothing of the kind",
        bundle(anders_dot_yaml=TEXT.encode()),
        bundle(dialog_dot_yaml=b"x" * (carrying.LARGEST + 1)),
        bundle(dialog_dot_yaml=TEXT.encode(), dateien__hof_dot_png=b"\0" * (carrying.LARGEST + 1)),
        bundle(dialog_dot_yaml=TEXT.encode(), dateien__hof_dot_png=b"MZ no picture"),
        bundle(dialog_dot_yaml=TEXT.encode(), **{f"dateien__{n}_dot_png": b"" for n in range(carrying.MOST_FILES + 1)}),
        bundle(dialog_dot_yaml=b"key: [", dateien__hof_dot_png=picture()),
    ],
    ids=["no zip", "no dialog", "a bomb", "a bomb beside it", "no picture", "too many", "no document"],
)
def test_what_is_none_of_ours_leaves_nothing_behind(town: Organisation, operator: Operator, data: bytes) -> None:
    with pytest.raises(ValidationError):
        carrying.bring(town, data, operator=operator)
    assert not Dialog.objects.exists()
    assert not NamedFile.objects.exists()


def test_a_refused_file_leaves_no_bytes_of_the_others(town: Organisation, operator: Operator, settings: LazySettings) -> None:
    entries = {"dateien__gut_dot_png": picture(), "dateien__schlecht_dot_png": b"MZ no picture"}
    with pytest.raises(ValidationError):
        carrying.bring(town, bundle(dialog_dot_yaml=TEXT.encode(), **entries), operator=operator)
    assert [path for path in Path(settings.MEDIA_FOLDER).rglob("*") if path.is_file()] == []


def test_a_damaged_bundle_is_refused_in_words(farm: Dialog, operator: Operator) -> None:
    data = bytearray(carrying.pack(farm).data)
    data[45:65] = bytes(20)
    with pytest.raises(ValidationError, match="ZIP"):
        carrying.bring(farm.organisation, bytes(data), operator=operator)


def test_the_same_photo_is_no_surprise_though_it_would_be_packed_anew(town: Organisation, operator: Operator) -> None:
    out = io.BytesIO()
    Image.effect_noise((80, 80), 90).convert("RGB").save(out, "JPEG")
    shelf.put(town, {"hof.jpg": out.getvalue()})
    packed = carrying.pack(actions.create_from(town, document.read(TEXT.replace("hof.png", "hof.jpg")), operator=None))
    assert carrying.bring(town, packed.data, operator=operator).other == []


def test_what_only_tables_name_is_said_as_such(town: Organisation) -> None:
    text = carrying.pack(
        actions.create_from(town, document.read(TEXT.replace("fehlt.png", '"{{ raw.a.b }}"')), operator=None)
    ).data.decode()
    head = text.split("edition:")[0]
    assert ("# hof.png" in head, "{{" in head, "Tabellen" in head) == (True, False, True)


def test_no_name_leads_out_of_the_folder(town: Organisation, operator: Operator) -> None:
    names = {"dateien__.._dot_.__boese_dot_png": picture(), "dateien__GROSS_dot_png": picture(), "hof_dot_png": picture()}
    assert carrying.bring(town, bundle(dialog_dot_yaml=TEXT.encode(), **names), operator=operator).laid == []
    assert not NamedFile.objects.exists()


def test_at_the_desk_it_is_saved_and_read_in_again(farm: Dialog, client: Client, kemal: Membership) -> None:
    Membership.objects.filter(pk=kemal.pk).update(roles=["administrator", "editor"])
    client.force_login(kemal.operator)
    saved = client.get(f"/o/musterstadt/dialoge/{farm.pk}/datei")
    assert (saved["Content-Type"], saved["Content-Disposition"]) == ("application/zip", 'attachment; filename="hof.zip"')
    NamedFile.objects.all().delete()
    page = client.post("/o/musterstadt/dialoge/neu/", {"file": SimpleUploadedFile("hof.zip", saved.content)}, follow=True)
    assert "Mitgekommen und abgelegt: hof.png." in page.content.decode()
    broken = client.post("/o/musterstadt/dialoge/neu/", {"file": SimpleUploadedFile("hof.zip", b"PK")})
    assert (broken.status_code, "Als Datei sichern" in broken.content.decode()) == (422, True)
