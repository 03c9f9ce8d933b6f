"""The forms of the settings page of systems: what they are, their secrets, and a call with sample data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError as Misfit

from buergerdraht.dialogs import document, systems
from buergerdraht.dialogs.models import System

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LINE = re.compile(r"\s*([^=]{1,200}?)\s*=\s*(.*?)\s*")


class Based(Protocol):
    @property
    def cleaned_data(self) -> dict[str, Any]: ...


class SystemForm(forms.Form):
    """A system's name and place. The short name stays, because dialogs know the system by it."""

    title = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("Zum Beispiel: Stadtwerke, Kundenkonto"))
    key = forms.CharField(
        label=gettext_lazy("Kürzel"), max_length=40,
        help_text=gettext_lazy("So nennen Dialoge das System: kleine Buchstaben, Ziffern, Unterstrich. Später nicht mehr zu ändern."),
    )  # fmt: skip
    url = forms.CharField(
        label=gettext_lazy("Adresse"), max_length=300, widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=gettext_lazy("Bis zu dem Pfad, unter dem alles Weitere liegt. Dialoge können nur unterhalb dieser Adresse fragen."),
    )  # fmt: skip
    networks = forms.MultipleChoiceField(
        label=gettext_lazy("Steht im eigenen Netz"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nur ankreuzen, wenn das System nicht aus dem Internet erreichbar ist."),
    )  # fmt: skip

    def __init__(self, system: System | None, data: Any = None) -> None:
        initial = {"title": system.title, "url": system.url, "networks": system.networks} if system else None
        super().__init__(data, initial=initial)
        allowed = [str(network) for network in systems.grantable()]
        if system is not None:
            del self.fields["key"]
            allowed += [name for name in system.networks if name not in allowed]
        if allowed:
            self.fields["networks"].choices = [(name, name) for name in allowed]  # type: ignore[attr-defined]
        else:
            del self.fields["networks"]

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).strip()
        if not KEY.fullmatch(key):
            raise ValidationError(_("Erlaubt sind kleine Buchstaben, Ziffern und Unterstrich; am Anfang ein Buchstabe."))
        return key

    @property
    def entry(self) -> systems.Entry:
        values = self.cleaned_data
        return systems.Entry(values["title"], values["url"], tuple(values.get("networks", ())))


class SecretForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Kopfzeile"), max_length=60, initial="Authorization", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    value = forms.CharField(
        label=gettext_lazy("Wert"), max_length=systems.LONGEST_SECRET,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Zum Beispiel „Bearer …“. Er wird verschlüsselt aufbewahrt und nie wieder angezeigt."),
    )  # fmt: skip


class SampleForm(forms.Form):
    """A call as a dialog would make it, with values somebody made up."""

    method = forms.ChoiceField(label=gettext_lazy("Art"), choices=[(name, name) for name in ("GET", "POST", "PUT")])
    path = forms.CharField(
        label=gettext_lazy("Pfad"), max_length=1_000, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Was hinter der Adresse steht, mit ausgedachten Werten: kunden/4711"),
    )  # fmt: skip
    body = forms.CharField(
        label=gettext_lazy("Was mitgeschickt wird"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Bei POST und PUT, je Zeile: kundennummer = 4711"),
    )  # fmt: skip
    take = forms.CharField(
        label=gettext_lazy("Was aus der Antwort genommen wird"), max_length=4_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Je Zeile: name = customer.name. Leer: Wir zeigen, was wo steht."),
    )  # fmt: skip
    accept = forms.CharField(
        label=gettext_lazy("Wann die Antwort ein Ja ist"), max_length=1_000, required=False,
        help_text=gettext_lazy("Zum Beispiel: result.customer.active. Leer: immer, wenn das System nicht ablehnt."),
    )  # fmt: skip

    def clean_body(self) -> dict[str, str]:
        return pairs(self.cleaned_data["body"])

    def clean_take(self) -> dict[str, str]:
        return pairs(self.cleaned_data["take"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            values["step"] = self._step(values)
        return values

    def _step(self, values: Mapping[str, Any]) -> document.Call | None:
        given = {name: values[name] for name in ("method", "path", "body", "take", "accept")}
        try:
            return document.Call.model_validate({"id": "sample", "system": "sample", "on_no": "end", "on_failure": "end", **given})
        except Misfit as problem:
            field = str(problem.errors()[0]["loc"][0])
            self.add_error(
                field if field in given else None, _("Das passt so nicht: Namen bestehen aus kleinen Buchstaben, Ziffern und Unterstrich.")
            )
            return None


def pairs(text: str) -> dict[str, str]:
    """Read lines of "name = value"."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            match = LINE.fullmatch(line)
            if match is None:
                raise ValidationError(_("Zeile %(n)s: Schreiben Sie „name = wert“.") % {"n": number})
            found[match[1]] = match[2]
    return found
