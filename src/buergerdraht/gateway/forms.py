"""Forms of the channel screens. The set-up form is drawn from the connector's Config, so a new provider needs none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, SecretStr
from pydantic import ValidationError as WrongConfig
from pydantic.fields import FieldInfo

from buergerdraht.connectors.contract import Connector
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

GROUPS = (
    ("account", gettext_lazy("Konto")),
    ("secrets", gettext_lazy("Zugang")),
    ("sending", gettext_lazy("Senden: der Postausgang")),
    ("receiving", gettext_lazy("Empfangen: der Posteingang")),
    ("kept", gettext_lazy("Was mit gelesener Post geschieht")),
    ("proof", gettext_lazy("Absender und Nachweis")),
    ("partner", gettext_lazy("Über einen Partner oder eigenen Server")),
    ("rescue", gettext_lazy("Nur wenn der Dienst danach fragt")),
    ("tuning", gettext_lazy("Feinheiten")),
)
FOLDED = {"kept", "proof", "partner", "rescue", "tuning"}


def extra(field: FieldInfo) -> dict[str, Any]:
    found = field.json_schema_extra
    return dict(found) if isinstance(found, Mapping) else {}


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


class ChannelForm(forms.Form):
    """Name and account of a channel. Stored secrets are never shown; left empty they stay as they are."""

    name = forms.CharField(
        label=gettext_lazy("Name des Kanals"),
        max_length=80,
        help_text=gettext_lazy("So heißt der Kanal bei Ihnen im Haus, zum Beispiel „WhatsApp Bürgeramt“."),
    )
    rate = forms.FloatField(
        label=gettext_lazy("Höchstens so viele Nachrichten je Sekunde"),
        required=False,
        min_value=0.01,
        help_text=gettext_lazy("Leer lassen, um so schnell zu senden, wie der Dienst es erlaubt."),
    )

    def __init__(self, kind: str, data: Any = None, *, channel: Channel | None = None) -> None:
        self.kind = kind
        self.channel = channel
        self.findings: list[dict[str, str]] = []  # of a check just made: level, words, about
        self.stored: BaseModel | None = channels.config(channel) if channel else None
        initial = {"name": channel.name if channel else channels.title(kind), "rate": channel.rate if channel else None}
        super().__init__(data, initial=initial)
        for name, field in self.wanted.items():
            self.fields[name] = self._drawn(name, field)

    @cached_property
    def connector(self) -> type[Connector]:
        return next(found for found in channels.kinds() if found.kind == self.kind)

    @cached_property
    def wanted(self) -> dict[str, FieldInfo]:
        """The fields people fill in; those we make ourselves are shown to be copied."""
        return {name: field for name, field in self.connector.Config.model_fields.items() if not extra(field).get("generated")}

    def _drawn(self, name: str, field: FieldInfo) -> forms.Field:
        words: dict[str, Any] = {"label": _(field.title or name), "help_text": _(field.description or "")}
        stored = getattr(self.stored, name) if self.stored is not None else None
        if field.annotation is bool:
            return forms.BooleanField(required=False, initial=field.default if stored is None else stored, **words)
        if is_secret(field):
            kept = isinstance(stored, SecretStr) and bool(stored.get_secret_value())
            if kept:
                words["help_text"] += " " + _("Ist hinterlegt und wird nicht angezeigt. Leer lassen, um es zu behalten.")
            widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
            return forms.CharField(required=self._needed(field) and not kept, widget=widget, max_length=2000, **words)
        if get_origin(field.annotation) is Literal:
            named = extra(field).get("words", {})
            choices = [(each, _(named.get(each) or each)) for each in get_args(field.annotation)]
            return forms.ChoiceField(initial=field.default if stored is None else stored, choices=choices, **words)
        attributes = {"placeholder": extra(field).get("placeholder", ""), "autocomplete": "off", "spellcheck": "false"}
        initial = stored if stored is not None else ("" if field.is_required() else field.default)
        return forms.CharField(
            required=field.is_required(),
            initial=initial,
            max_length=extra(field).get("longest", 500),
            widget=forms.TextInput(attrs=attributes),
            **words,
        )

    def _needed(self, field: FieldInfo) -> bool:
        """Say whether a field must be filled; some only while a switch is on (`needed_with`)."""
        switch = extra(field).get("needed_with")
        if not switch:
            return field.is_required()
        if self.is_bound:
            return switch in self.data
        return bool(getattr(self.stored, switch) if self.stored is not None else self.wanted[switch].default)

    def groups(self) -> list[dict[str, Any]]:
        """The fields in the steps of the form, what a check found beside them; rarely needed ones are folded away until they are used."""
        found: list[dict[str, Any]] = []
        for key, title in GROUPS:
            bound = [self[name] for name, field in self.wanted.items() if extra(field).get("group", "account") == key]
            if bound:
                found.append({"key": key, "title": title, "fields": bound, "folded": key in FOLDED})
        if not found or not found[-1]["folded"]:
            found.append({"key": "tuning", "title": dict(GROUPS)["tuning"], "fields": [], "folded": True})
        found[-1]["fields"].append(self["rate"])  # every channel has it, few need it
        for group in found:
            group["findings"] = [one for one in self.findings if one["about"] == group["key"]]
            changed = any(one.errors or (self.stored is not None and one.initial != self._usual(one.name)) for one in group["fields"])
            group["open"] = changed or bool(group["findings"])
        return found

    def whole(self) -> list[dict[str, str]]:
        """What a check found that belongs to none of the steps."""
        here = {group["key"] for group in self.groups()}
        return [one for one in self.findings if one["about"] not in here]

    def _usual(self, name: str) -> Any:
        if name == "rate":
            return None
        field = self.wanted[name]
        return None if is_secret(field) else field.default

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        values = {name: cleaned[name] for name in self.wanted}
        for name, field in self.wanted.items():
            if is_secret(field) and not values[name] and self.stored is not None:
                values[name] = getattr(self.stored, name)
            elif values[name] == "" and not field.is_required():
                values.pop(name)
        if self.stored is not None:
            values |= {name: getattr(self.stored, name) for name in self.connector.Config.model_fields if name not in self.wanted}
        try:
            cleaned["config"] = self.connector.Config(**values)
        except WrongConfig as problem:
            self._blame(problem)
        return cleaned

    def _blame(self, problem: WrongConfig) -> None:
        """Say each mistake beside its field, in German."""
        for mistake in problem.errors():
            name = str(mistake["loc"][0]) if mistake["loc"] else ""
            words = str(mistake.get("ctx", {}).get("error", "")) if mistake["type"] == "value_error" else ""
            before, colon, after = words.partition(": ")
            if colon and before in self.wanted:
                name, words = before, after
            if not words:
                words = extra(self.wanted.get(name, FieldInfo())).get("wrong") or _(
                    "Dieser Wert passt nicht. Vergleichen Sie ihn mit dem beim Anbieter."
                )
            self.add_error(name if name in self.fields else None, ValidationError(_(words)))


class ApplicantForm(forms.Form):
    """What kind of institution asks: some providers do not let everybody in."""

    applicant = forms.ChoiceField(
        label=gettext_lazy("Was für eine Einrichtung sind Sie?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Wählen Sie aus, was am besten passt.")},
    )

    def __init__(self, connector: type[Connector], data: Any = None) -> None:
        super().__init__(data)
        self.fields["applicant"].choices = [(one.id, _(one.title)) for one in connector.applicants]  # type: ignore[attr-defined]


class ProbeForm(forms.Form):
    """A message to somebody who has just written: nobody needs to type an address."""

    to = forms.ChoiceField(label=gettext_lazy("An"))
    text = forms.CharField(label=gettext_lazy("Text"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, people: list[tuple[str, str]], data: Any = None, *, organisation: str = "") -> None:
        words = _("Das ist eine Probe von %(organisation)s. Der Kanal funktioniert.") % {"organisation": organisation}
        super().__init__(data, initial={"text": words})
        self.fields["to"].choices = people  # type: ignore[attr-defined]
