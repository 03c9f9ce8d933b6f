"""The forms of appointments: what is offered, closed days, and booking by hand."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts import hours
from buergerdraht.accounts.forms import read_spans
from buergerdraht.accounts.models import Team
from buergerdraht.appointments import telling
from buergerdraht.appointments.models import Closure, Offer
from buergerdraht.contacts import approved

KINDS = (
    ("place", gettext_lazy("vor Ort")),
    ("call", gettext_lazy("am Telefon")),
    ("video", gettext_lazy("als Videogespräch")),
)
PLAIN = (
    "kind",
    "place",
    "link",
    "team",
    "minutes",
    "pause",
    "capacity",
    "earliest_hours",
    "latest_days",
    "per_contact",
    "active",
    "template",
)
MOST_REMINDERS, LONGEST_REMINDER = 5, 24 * 14


def _number(label: Any, least: int, most: int, hint: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=hint)


class OfferForm(forms.Form):
    """What can be booked, when and how. Texts in every language of the authority; times as people write them."""

    kind = forms.ChoiceField(label=gettext_lazy("Art"), choices=KINDS)
    place = forms.CharField(
        label=gettext_lazy("Ort"), max_length=200, required=False, help_text=gettext_lazy("Zum Beispiel: Rathaus, Zimmer 12")
    )
    link = forms.URLField(label=gettext_lazy("Adresse des Videogesprächs"), max_length=300, required=False, assume_scheme="https")
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"), required=False, empty_label=gettext_lazy("keines"))
    minutes = _number(gettext_lazy("Dauer in Minuten"), 5, 480)
    pause = _number(gettext_lazy("Pause danach in Minuten"), 0, 240)
    capacity = _number(gettext_lazy("Plätze zugleich"), 1, 99, gettext_lazy("So viele Schalter arbeiten nebeneinander."))
    earliest_hours = _number(gettext_lazy("Buchbar bis … Stunden vorher"), 0, 24 * 30)
    latest_days = _number(gettext_lazy("Buchbar ab … Tage vorher"), 1, 365)
    per_contact = _number(gettext_lazy("Kommende Termine je Person"), 1, 50)
    reminders = forms.CharField(
        label=gettext_lazy("Erinnern, Stunden vorher"), max_length=40, required=False, help_text=gettext_lazy("Zum Beispiel: 24, 2")
    )
    template = forms.ChoiceField(
        label=gettext_lazy("Vorlage für Erinnerungen"), required=False,
        help_text=gettext_lazy(
            "WhatsApp erlaubt 24 Stunden nach der letzten Nachricht nur noch Vorlagen. Felder der Reihe nach: Titel, Zeit, Ort."
        ),
    )  # fmt: skip
    active = forms.BooleanField(label=gettext_lazy("Kann gebucht werden"), required=False)

    def __init__(self, offer: Offer, data: Any = None) -> None:
        super().__init__(data, initial=_initial(offer))
        self.offer, self.languages = offer, list(offer.organisation.languages or ["de"])
        cast("forms.ModelChoiceField[Any]", self.fields["team"]).queryset = Team.objects.filter(organisation=offer.organisation_id)
        names = sorted({*approved.names(offer.organisation, telling.VALUES), *filter(None, [offer.template])})
        cast(forms.ChoiceField, self.fields["template"]).choices = [("", _("keine")), *((name, name) for name in names)]
        for number, language in enumerate(self.languages):
            suffix = f" ({language})" if len(self.languages) > 1 else ""
            self.fields[f"title_{language}"] = forms.CharField(label=_("Titel") + suffix, max_length=80, required=number == 0)
            self.fields[f"description_{language}"] = forms.CharField(
                label=_("Beschreibung") + suffix, max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 2})
            )
        for day, name in zip(hours.DAYS, hours.DAY_NAMES["de"], strict=True):
            self.fields[day] = forms.CharField(
                label=_(name), required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": _("keine Termine")})
            )

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[f"{name}_{language}"] for language in self.languages for name in ("title", "description")]

    @property
    def week(self) -> list[forms.BoundField]:
        return [self[day] for day in hours.DAYS]

    def clean_reminders(self) -> list[int]:
        words = [word for word in re.split(r"[,;\s]+", self.cleaned_data["reminders"]) if word]
        if not all(word.isdecimal() and 0 < int(word) <= LONGEST_REMINDER for word in words) or len(words) > MOST_REMINDERS:
            raise ValidationError(_("Schreiben Sie höchstens fünf Zahlen mit Kommas dazwischen, jede bis 336."))
        return sorted({int(word) for word in words}, reverse=True)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for day in hours.DAYS:
            try:
                values[day] = read_spans(values.get(day, ""))
            except ValidationError as problem:
                self.add_error(day, problem)
        if values.get("kind") == Offer.Kind.PLACE and not values.get("place"):
            self.add_error("place", ValidationError(_("Bitte sagen Sie, wohin man kommen soll.")))
        if values.get("kind") == Offer.Kind.VIDEO and not values.get("link"):
            self.add_error("link", ValidationError(_("Bitte nennen Sie die Adresse, unter der man sich trifft.")))
        return values

    def apply(self) -> Offer:
        """Put what was written into the row; the caller saves it. Texts in languages that are switched off stay."""
        row, values = self.offer, self.cleaned_data
        for name in PLAIN:
            setattr(row, name, values[name])
        row.reminders = values["reminders"]
        row.rules = [{"weekday": number, "begin": begin, "end": end} for number, day in enumerate(hours.DAYS) for begin, end in values[day]]
        for name in ("title", "description"):
            written = {language: values[f"{name}_{language}"] for language in self.languages}
            setattr(row, name, {language: text for language, text in {**getattr(row, name), **written}.items() if text})
        row.key = row.key or _key(row)
        return row


def _key(offer: Offer) -> str:
    """Make a short name for dialogs from the first title."""
    german = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
    stem = slugify(offer.title_in(offer.organisation.language).translate(german))[:34] or "termin"
    taken = set(Offer.objects.filter(organisation=offer.organisation_id, key__startswith=stem).values_list("key", flat=True))
    return next(key for key in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if key not in taken)


def _initial(offer: Offer) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(offer, name) for name in PLAIN}
    values["reminders"] = ", ".join(str(each) for each in offer.reminders)
    for number, day in enumerate(hours.DAYS):
        spans = [f"{rule['begin']}–{rule['end']}" for rule in offer.rules if rule["weekday"] == number]
        values[day] = ", ".join(spans)
    for name in ("title", "description"):
        values |= {f"{name}_{language}": text for language, text in getattr(offer, name).items()}
    return values


class ClosureForm(forms.Form):
    first = forms.DateField(label=gettext_lazy("Erster Tag"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(
        label=gettext_lazy("Letzter Tag"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    offer = forms.ModelChoiceField(Offer.objects.none(), label=gettext_lazy("Angebot"), required=False, empty_label=gettext_lazy("alle"))
    reason = forms.CharField(label=gettext_lazy("Grund"), max_length=120, required=False, help_text=gettext_lazy("Sehen nur Sie."))

    def __init__(self, closure: Closure, data: Any = None) -> None:
        super().__init__(data)
        self.closure = closure
        cast("forms.ModelChoiceField[Any]", self.fields["offer"]).queryset = Offer.objects.filter(organisation=closure.organisation_id)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first: date | None = values.get("first")
        last: date | None = values.get("last") or first
        if first and last and not 0 <= (last - first).days <= 366:
            self.add_error("last", ValidationError(_("Der letzte Tag muss nach dem ersten liegen, höchstens ein Jahr danach.")))
        values["last"] = last
        return values

    def apply(self) -> Closure:
        for name in ("first", "last", "offer", "reason"):
            setattr(self.closure, name, self.cleaned_data[name])
        return self.closure


class ByHandForm(forms.Form):
    """Who gets a time by hand. A name is searched by POST only, so that no address bar or log keeps it."""

    q = forms.CharField(label=gettext_lazy("Kontakt suchen"), max_length=80, required=False, help_text=gettext_lazy("Name oder Nummer"))
    name = forms.CharField(
        label=gettext_lazy("Oder nur ein Name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Für Menschen am Telefon oder am Schalter."),
    )
    note = forms.CharField(
        label=gettext_lazy("Vermerk"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Zum Beispiel, was mitzubringen ist oder worum es geht."),
    )  # fmt: skip
    tell = forms.BooleanField(label=gettext_lazy("Bestätigung schicken"), required=False, initial=True)


class WordForm(forms.Form):
    """What is said to somebody whose time we change."""

    word = forms.CharField(
        label=gettext_lazy("Ein Wort dazu"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Steht am Ende der Nachricht."),
    )  # fmt: skip
    tell = forms.BooleanField(label=gettext_lazy("Nachricht schicken"), required=False, initial=True)

    def said(self) -> str | None:
        """The word, or None where nothing is to be said."""
        return str(self.cleaned_data["word"]) if self.cleaned_data["tell"] else None
