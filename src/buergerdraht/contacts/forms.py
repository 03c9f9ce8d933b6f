"""The forms of contacts, topics, districts and the import."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Address, Contact, District, Topic
from buergerdraht.contacts.texts import LANGUAGES, offered
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

STATES = [
    ("active", gettext_lazy("abonniert")),
    ("new", gettext_lazy("ohne Abo")),
    ("paused", gettext_lazy("macht Pause")),
    ("stopped", gettext_lazy("abgemeldet")),
    ("gone", gettext_lazy("nicht erreichbar")),
    ("blocked", gettext_lazy("gesperrt")),
]


def language_choices(organisation: Organisation) -> list[tuple[str, str]]:
    return [(code, LANGUAGES[code]) for code in offered(organisation)]


class FilterForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("Name oder Nummer"), required=False, max_length=100)
    topic = forms.ModelChoiceField(Topic.objects.none(), label=gettext_lazy("Thema"), required=False, empty_label=gettext_lazy("alle"))
    channel = forms.ModelChoiceField(Channel.objects.none(), label=gettext_lazy("Kanal"), required=False, empty_label=gettext_lazy("alle"))
    language = forms.ChoiceField(label=gettext_lazy("Sprache"), required=False)
    district = forms.ModelChoiceField(
        District.objects.none(), label=gettext_lazy("Ortsteil"), required=False, empty_label=gettext_lazy("alle")
    )
    state = forms.ChoiceField(label=gettext_lazy("Stand"), required=False, choices=[("", gettext_lazy("alle")), *STATES])

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "topic", Topic.objects.filter(organisation=organisation))
        _choose(self, "channel", Channel.objects.filter(organisation=organisation).order_by("name"), lambda channel: channel.name)
        _choose(self, "district", District.objects.filter(organisation=organisation))
        _options(self, "language", [("", _("alle")), *language_choices(organisation)])


class DetailsForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Sprache"))
    district = forms.ModelChoiceField(
        District.objects.none(), label=gettext_lazy("Ortsteil"), required=False, empty_label=gettext_lazy("unbekannt")
    )

    def __init__(self, contact: Contact, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"language": contact.language, "district": contact.district_id}
        known = language_choices(contact.organisation)
        own = [(contact.language, LANGUAGES.get(contact.language, contact.language))]
        _options(self, "language", known if contact.language in dict(known) else [*own, *known])
        _choose(self, "district", District.objects.filter(organisation_id=contact.organisation_id))


class SubscriptionForm(forms.Form):
    topic = forms.ModelChoiceField(Topic.objects.none(), label=gettext_lazy("Thema"), empty_label=None)
    address = forms.ModelChoiceField(Address.objects.none(), label=gettext_lazy("Über welchen Kanal"), empty_label=None)
    reason = forms.CharField(
        label=gettext_lazy("Woher wissen Sie das?"),
        max_length=150,
        help_text=gettext_lazy("Steht als Nachweis bei der Einwilligung, zum Beispiel: Anruf vom 20.11.2026."),
    )

    def __init__(self, contact: Contact, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        have = contact.subscriptions.filter(confirmed_at__isnull=False).values("topic_id")
        _choose(self, "topic", Topic.objects.filter(organisation_id=contact.organisation_id, active=True).exclude(id__in=have))
        _choose(
            self, "address", contact.addresses.select_related("channel"), lambda a: f"{channels.title(a.channel.kind)} {a.handle}".strip()
        )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Warum?"), max_length=150)


class TopicForm(forms.Form):
    """One title and description per language of the organisation; the first is needed."""

    def __init__(self, topic: Topic, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topic = topic
        for number, code in enumerate(offered(topic.organisation)):
            label = _("Titel (%(language)s)") % {"language": LANGUAGES[code]}
            direction = {"dir": "rtl"} if code in {"ar", "fa"} else {}
            self.fields[f"title_{code}"] = forms.CharField(
                label=label,
                max_length=24,
                required=number == 0,
                initial=topic.title.get(code, ""),
                widget=forms.TextInput({"lang": code, **direction}),
            )
            self.fields[f"description_{code}"] = forms.CharField(
                label=_("Beschreibung (%(language)s)") % {"language": LANGUAGES[code]}, max_length=72, required=False,
                initial=topic.description.get(code, ""), widget=forms.TextInput({"lang": code, **direction}),
            )  # fmt: skip
        self.fields["key"] = forms.SlugField(
            label=_("Kurzname im Link"), max_length=30, required=False, initial=topic.key, disabled=topic.pk is not None,
            help_text=_("Kleinbuchstaben, Ziffern, Bindestrich. Bleibt fest, weil er in gedruckten QR-Codes steht. Leer: aus dem Titel."),
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.topic.pk is None:
            first = offered(self.topic.organisation)[0]
            key = (data.get("key") or slugify(data.get(f"title_{first}", "")))[:30].lower()
            if not key and not self.errors:
                self.add_error("key", _("Bitte geben Sie einen Kurznamen an: Aus diesem Titel lässt sich keiner bilden."))
            elif Topic.objects.filter(organisation=self.topic.organisation, key=key).exists():
                self.add_error("key", _("Den Kurznamen „%(key)s“ gibt es schon.") % {"key": key})
            data["key"] = key
        return data

    def apply(self) -> Topic:
        data, codes = self.cleaned_data, offered(self.topic.organisation)
        self.topic.title = {code: data[f"title_{code}"] for code in codes if data.get(f"title_{code}")}
        self.topic.description = {code: data[f"description_{code}"] for code in codes if data.get(f"description_{code}")}
        if self.topic.pk is None:
            self.topic.key = data["key"]
        return self.topic


class DistrictForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = District
        fields = ("name",)
        labels = {"name": gettext_lazy("Name des Ortsteils")}  # noqa: RUF012

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        same = District.objects.filter(organisation=self.instance.organisation, name__iexact=name).exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError(_("Diesen Ortsteil gibt es schon."))
        return name


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV-Datei"), help_text=gettext_lazy("Höchstens 10 MB und 20.000 Zeilen, mit Überschriften in der ersten Zeile.")
    )
    channel = forms.ModelChoiceField(
        Channel.objects.none(), label=gettext_lazy("Kanal, über den diese Menschen Nachrichten erhalten"), empty_label=None
    )
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.none(), label=gettext_lazy("Themen für alle Zeilen"), required=False,
        widget=forms.CheckboxSelectMultiple({"class": "kern-form-check__checkbox"}),
        help_text=gettext_lazy("Steht in der Datei eine Spalte mit Themen, gilt sie statt dieser Auswahl."),
    )  # fmt: skip
    source = forms.CharField(
        label=gettext_lazy("Woher stammen die Einwilligungen?"), max_length=300, widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Wird bei jeder Person als Nachweis gespeichert, zum Beispiel: Anmeldeformular mit Bestätigung per SMS."),
    )  # fmt: skip
    source_date = forms.DateField(
        label=gettext_lazy("Stand der Einwilligungen"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Channel.objects.filter(organisation=organisation).order_by("name")
        able = [channel.pk for channel in rows if channels.limits_of(channel.kind).may_start]
        _choose(self, "channel", rows.filter(pk__in=able), lambda channel: channel.name)
        _choose(self, "topics", Topic.objects.filter(organisation=organisation, active=True), lambda topic: topic.title_in("de"))

    def clean_source_date(self) -> Any:
        day = self.cleaned_data["source_date"]
        if day > timezone.localdate():
            raise ValidationError(_("Der Tag liegt in der Zukunft."))
        return day


def _choose(form: forms.Form, name: str, rows: Any, label: Any = None) -> None:
    chooser = cast("forms.ModelChoiceField[Any]", form.fields[name])
    chooser.queryset = rows
    if label:
        chooser.label_from_instance = label  # type: ignore[method-assign]


def _options(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    cast("forms.ChoiceField", form.fields[name]).choices = choices
