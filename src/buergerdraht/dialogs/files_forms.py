"""The forms of files: one, and the name it is to have."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from buergerdraht.dialogs.shelf import Upload
from buergerdraht.gateway import files

ACCEPTED = "image/*,video/mp4,audio/*,.pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.txt"


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("Datei"), widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED}), max_length=200, allow_empty_file=True,
        help_text=_("Ein Bild, ein Film, Ton, PDF oder Office-Dokument, höchstens 100 MB."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Read no more of it than is taken; what it is the shelf looks at."""
        values = super().clean() or {}
        if isinstance(file := values.get("file"), UploadedFile):
            values["upload"] = Upload(file.name or "", file.read(files.LARGEST + 1))
        return values


class NewForm(FileForm):
    name = forms.CharField(
        label=_("Name"), max_length=66, required=False, widget=forms.TextInput(attrs={"autocapitalize": "off", "spellcheck": "false"}),
        help_text=_("So nennen Dialoge und Tabellen die Datei, zum Beispiel hofcafe.png. Leer: wie die Datei heißt."),
    )  # fmt: skip
