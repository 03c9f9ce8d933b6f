"""The forms of the ground: uploads, neighbours, where maps begin, what citizens see."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.cases import importing
from buergerdraht.cases.models import Ground

STATES = range(1, 17)  # the first two digits of a key: the Land


def _upload(label: Any, hint: Any = "", *, accept: str = ".geojson,.json,application/geo+json") -> forms.FileField:
    return forms.FileField(label=label, help_text=hint, widget=forms.FileInput(attrs={"accept": accept}), allow_empty_file=False)


class _FileForm(forms.Form):
    """A form with a file that is read whole, up to its limit."""

    def __init__(self, post: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(post, files, **kwargs)

    def clean_file(self) -> bytes:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > importing.LARGEST:
            raise ValidationError(_("Die Datei ist größer als 10 MB."))
        data: bytes = file.read()
        return data


class AreaForm(_FileForm):
    file = _upload(gettext_lazy("Fläche als GeoJSON"), gettext_lazy("Eine oder mehrere Flächen in Grad (EPSG:4326), höchstens 10 MB."))


class ShapesForm(_FileForm):
    file = _upload(gettext_lazy("Ortsteile als GeoJSON"), gettext_lazy("Eine Fläche je Ortsteil, mit seinem Namen als Eigenschaft „name“."))


class HousesForm(_FileForm):
    file = _upload(
        gettext_lazy("Adressen als CSV"), gettext_lazy("Spalten: Straße, Hausnummer, Breite, Länge; höchstens 10 MB und 200.000 Zeilen."),
        accept=".csv,text/csv",
    )  # fmt: skip
    afresh = forms.BooleanField(label=gettext_lazy("Alle bisherigen Adressen ersetzen"), required=False)


class NeighbourForm(_FileForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    ars = forms.CharField(
        label=gettext_lazy("Amtlicher Regionalschlüssel"), max_length=20, required=False, help_text=gettext_lazy("Zwölf Ziffern")
    )
    link = forms.URLField(
        label=gettext_lazy("Wo man dort meldet"), max_length=300, required=False, assume_scheme="https", help_text=gettext_lazy("https://…")
    )
    file = _upload(gettext_lazy("Fläche als GeoJSON"))

    def clean_ars(self) -> str:
        text = "".join(str(self.cleaned_data["ars"]).split())
        if text and not (text.isascii() and text.isdecimal() and len(text) == 12):
            raise ValidationError(_("Der Schlüssel hat zwölf Ziffern, zum Beispiel 059999999002."))
        if text and int(text[:2]) not in STATES:
            raise ValidationError(_("Die ersten zwei Ziffern nennen das Land, von 01 bis 16."))
        return text

    def clean_link(self) -> str:
        return _https(self.cleaned_data["link"])

    def clean_file(self) -> Any:
        return importing.area(super().clean_file())


class GroundForm(forms.Form):
    public = forms.BooleanField(
        label=gettext_lazy("Karte und Liste sind öffentlich"), required=False,
        help_text=gettext_lazy("Zu sehen ist nur, was jemand von Ihnen freigegeben hat. Dort kann man auch ohne Messenger melden."),
    )  # fmt: skip
    latitude = forms.FloatField(label=gettext_lazy("Mitte der Karte: Breite"), min_value=-90, max_value=90)
    longitude = forms.FloatField(label=gettext_lazy("Mitte der Karte: Länge"), min_value=-180, max_value=180)
    zoom = forms.IntegerField(
        label=gettext_lazy("Zoom"), min_value=3, max_value=19, help_text=gettext_lazy("12 zeigt eine Stadt, 16 eine Straße.")
    )
    style = forms.URLField(
        label=gettext_lazy("Eigene Karte (Adresse des Stils)"), max_length=300, required=False, assume_scheme="https",
        help_text=gettext_lazy("Leer: die amtliche Karte basemap.de. Andere Adressen beginnen mit https://."),
    )  # fmt: skip
    original_days = forms.IntegerField(
        label=gettext_lazy("Originale löschen, Tage nach dem Abschluss"), min_value=0, max_value=3_650,
        help_text=gettext_lazy("Gezeigt werden nur abgedeckte Bilder. Das Original bleibt verschlossen und wird dann gelöscht."),
    )  # fmt: skip

    def __init__(self, row: Ground, data: Any = None) -> None:
        super().__init__(data, initial={name: getattr(row, name) for name in self.base_fields})
        for name in ("latitude", "longitude"):
            self.fields[name].localize = True
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def clean_style(self) -> str:
        return _https(self.cleaned_data["style"])


def _https(link: str) -> str:
    if link and not link.startswith("https://"):
        raise ValidationError(_("Die Adresse muss mit https:// beginnen."))
    return link
