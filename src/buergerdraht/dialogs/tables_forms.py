"""The forms of tables: a file, a name, one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs import tables
from buergerdraht.dialogs.models import Table
from buergerdraht.dialogs.systems_forms import KEY

LONG = 60  # characters from which a cell gets a larger field


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV-Datei"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=gettext_lazy("Höchstens 5 MB und 20.000 Zeilen. In der ersten Zeile stehen die Überschriften."),
    )  # fmt: skip

    problems: list[tuple[int, str]]
    more: int

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.problems, self.more = [], 0

    def clean(self) -> dict[str, Any]:
        """Read the file; what is wrong in its lines is kept for the page."""
        values = super().clean() or {}
        if file := values.get("file"):
            try:
                values["sheet"] = tables.read(file.read(tables.LARGEST + 1))
            except tables.Unreadable as found:
                whole = [sentence for line, sentence in found.problems if not line]
                self.problems, self.more = [each for each in found.problems if each[0]], found.more
                self.add_error("file", whole or [_("Die Datei wurde nicht übernommen: Einige Zeilen passen nicht.")])
        return values


class NewForm(FileForm):
    title = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("Zum Beispiel: Straßen und Abfuhrtage"))
    key = forms.CharField(
        label=gettext_lazy("Kürzel"), max_length=40, required=False,
        help_text=gettext_lazy("So nennen Dialoge die Tabelle. Leer: aus dem Namen. Es lässt sich nicht mehr ändern."),
    )  # fmt: skip
    field_order = ("title", "key", "file")

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).strip() or tables.slug(str(self.cleaned_data.get("title", "")))
        if not KEY.fullmatch(key):
            raise ValidationError(_("Erlaubt sind kleine Buchstaben, Ziffern und Unterstrich; am Anfang ein Buchstabe."))
        return key


class TitleForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Name"), max_length=120)


class RowForm(forms.Form):
    """One row: a field for each column."""

    def __init__(self, table: Table, row: Mapping[str, str], *args: Any) -> None:
        super().__init__(*args)
        for name in table.columns:
            long = len(row.get(name, "")) > LONG
            widget = forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput()
            self.fields[f"c_{name}"] = forms.CharField(
                label=name, required=False, max_length=tables.LONGEST_CELL, initial=row.get(name, ""), widget=widget
            )

    @property
    def values(self) -> dict[str, str]:
        return {name.removeprefix("c_"): str(value) for name, value in self.cleaned_data.items()}
