"""What operators fill in about the public pages."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.languages import TITLES
from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.website import colours, legal
from buergerdraht.website.dates import When
from buergerdraht.website.models import Look

LONGEST = 20_000


class ColourField(forms.CharField):
    """A colour as #rrggbb, chosen or typed."""

    widget = forms.TextInput(attrs={"type": "color"})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).strip().lower()
        if not colours.HEX.match(text):
            raise ValidationError(gettext("Eine Farbe hat die Form #1f5fa8."))
        return text


class LookForm(forms.Form):
    accent = ColourField(label=_("Farbe für Links und Knöpfe"), help_text=_("Wird geprüft: Auf Weiß muss man sie lesen können."))
    header = ColourField(label=_("Farbe des Kopfes"), help_text=_("Die Schrift darauf wird von selbst schwarz oder weiß."))

    def __init__(self, organisation: Organisation, look: Look, data: Any = None) -> None:
        super().__init__(data, initial={"accent": look.accent, "header": look.header})
        self.organisation = organisation
        for language in organisation.languages:
            self.fields[f"lead_{language}"] = forms.CharField(
                label=f"{gettext('Erster Satz der Startseite')} ({TITLES.get(language, language)})", required=False, max_length=400,
                initial=look.lead.get(language, ""), widget=forms.Textarea(attrs={"rows": 2, "lang": language, "dir": "auto"}),
            )  # fmt: skip

    def lead(self) -> dict[str, str]:
        told = {language: self.cleaned_data[f"lead_{language}"].strip() for language in self.organisation.languages}
        return {language: text for language, text in told.items() if text}


class FactsForm(forms.Form):
    """The facts, and for each text and language one's own words instead of those written from them: fields named kind__language."""

    street = forms.CharField(label=_("Straße und Hausnummer"), max_length=120, required=False)
    city = forms.CharField(label=_("Postleitzahl und Ort"), max_length=120, required=False)
    phone = forms.CharField(label=_("Telefon"), max_length=40, required=False)
    email = forms.EmailField(label=_("E-Mail"), required=False)
    represented = forms.CharField(
        label=_("Vertreten durch"), max_length=200, required=False, help_text=_("Name und Amt, z. B. Bürgermeisterin Anna Muster.")
    )
    supervisor = forms.CharField(label=_("Aufsichtsbehörde"), max_length=200, required=False)
    vat = forms.CharField(label=_("Umsatzsteuer-Identifikationsnummer"), max_length=20, required=False)
    responsible = forms.CharField(label=_("Verantwortlich nach § 18 Abs. 2 MStV"), max_length=200, required=False)
    dpo = forms.CharField(
        label=_("Datenschutzbeauftragte"), max_length=300, required=False, help_text=_("So, wie man sie erreicht: Anschrift oder E-Mail.")
    )
    authority = forms.CharField(label=_("Aufsicht über den Datenschutz"), max_length=200, required=False)
    status = forms.ChoiceField(
        label=_("Stand der Barrierefreiheit"), required=False,
        choices=[("", _("noch nicht geprüft")), ("full", _("vollständig")), ("partly", _("teilweise")), ("not", _("nicht"))],
    )  # fmt: skip
    barriers = forms.CharField(
        label=_("Was noch nicht barrierefrei ist, und warum"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    checked = forms.DateField(label=_("Geprüft am"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    method = forms.ChoiceField(
        label=_("Wie geprüft"), required=False,
        choices=[("", "–"), ("self", _("Selbstbewertung")), ("test", _("durch eine unabhängige Stelle (BITV-Test)"))],
    )  # fmt: skip
    contact = forms.CharField(
        label=_("Wohin man Barrieren meldet"), max_length=200, required=False, help_text=_("Eine E-Mail-Adresse oder ein Formular.")
    )
    enforcement = forms.CharField(
        label=_("Durchsetzungs- oder Schlichtungsstelle"), max_length=400, required=False,
        help_text=_("Die Stelle Ihres Landes, mit Anschrift."),
    )  # fmt: skip

    TITLES: ClassVar = {"imprint": _("Impressum"), "privacy": _("Datenschutz"), "accessibility": _("Barrierefreiheit")}

    def __init__(self, organisation: Organisation, look: Look, data: Any = None) -> None:
        super().__init__(data, initial=dict(look.facts))
        self.organisation = organisation
        self.facts = list(self.base_fields)
        for kind, title in self.TITLES.items():
            for language in dict.fromkeys([*organisation.languages, "en"]):
                self.fields[f"{kind}__{language}"] = forms.CharField(
                    label=f"{title} ({TITLES.get(language, language)})", required=False, max_length=LONGEST,
                    initial=look.texts.get(kind, {}).get(language, ""),
                    widget=forms.Textarea(attrs={"rows": 6, "lang": language, "dir": "auto"}),
                )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("status") in {"partly", "not"} and not cleaned.get("barriers"):
            self.add_error("barriers", gettext("Nennen Sie, was noch nicht barrierefrei ist: Das gehört in die Erklärung."))
        if cleaned.get("status") and not cleaned.get("contact"):
            self.add_error("contact", gettext("Nennen Sie, wohin man Barrieren meldet: Das gehört in die Erklärung."))
        return cleaned

    def told(self) -> dict[str, str]:
        return {name: str(self.cleaned_data[name] or "").strip() for name in self.facts}

    def texts(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {kind: {} for kind in legal.KINDS}
        for name, value in self.cleaned_data.items():
            kind, parted, language = name.partition("__")
            if parted:
                found[kind][language] = value.strip()
        return found


class DateForm(forms.Form):
    """When and where something happens; without a clock it lasts whole days. `when` is what was said, None: no date."""

    day = forms.DateField(label=_("Beginnt am"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    clock = forms.TimeField(label=_("um"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    until_day = forms.DateField(label=_("Endet am"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until_clock = forms.TimeField(label=_("um"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    place = forms.CharField(label=_("Ort"), max_length=200, required=False)

    def __init__(self, known: When | None = None, data: Any = None) -> None:
        super().__init__(data, initial=_told(known or When()), prefix="termin")
        self.when: When | None = None

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        day, clock, until_day, until_clock = (given.get(name) for name in ("day", "clock", "until_day", "until_clock"))
        if self.errors or not any(given.values()):
            return given
        if day is None:
            self.add_error("day", gettext("Nennen Sie den Tag, an dem es beginnt."))
        elif until_clock and not clock:
            self.add_error("clock", gettext("Nennen Sie auch die Uhrzeit, zu der es beginnt."))
        elif clock and until_day and not until_clock:
            self.add_error("until_clock", gettext("Nennen Sie auch die Uhrzeit, zu der es endet."))
        else:
            begins = _moment(day, clock)
            ends = _moment(until_day or day, until_clock) if until_day or until_clock else None
            if ends is not None and (ends < begins or (clock and ends == begins)):
                self.add_error("until_day", gettext("Das Ende liegt vor dem Beginn."))
            self.when = When(begins, ends, clock is None, given.get("place", ""))
        return given


def _moment(day: date, clock: time | None) -> datetime:
    return datetime.combine(day, clock or time(0), ZoneInfo(settings.TIME_ZONE))


def _told(when: When) -> dict[str, Any]:
    begins, ends = (timezone.localtime(each) if each else None for each in (when.begins_at, when.ends_at))
    days = {"day": begins and begins.date(), "until_day": ends and ends.date(), "place": when.place}
    return days if when.all_day else days | {"clock": begins and begins.time(), "until_clock": ends and ends.time()}


class LinkForm(forms.Form):
    target = forms.CharField(label=_("Wohin der Link führt"), max_length=1000)
    code = forms.CharField(
        label=_("Eigenes Wort"), max_length=20, required=False, help_text=_("Zum Beispiel „markt“. Leer: sechs zufällige Zeichen.")
    )
    note = forms.CharField(label=_("Notiz"), max_length=120, required=False, help_text=_("Nur für Sie, z. B. Plakat Stadtfest."))
    until = forms.DateField(label=_("Gilt bis"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class PosterForm(forms.Form):
    """What stands on a poster or a card."""

    size = forms.ChoiceField(label=_("Größe"), choices=[("a4", _("Aushang A4")), ("a6", _("Karte A6"))], initial="a4")
    language = forms.ChoiceField(
        label=_("Sprache"), choices=[("de", _("Deutsch")), ("en", _("Englisch")), ("de-simple", _("Leichte Sprache"))], initial="de"
    )
    topics = forms.ModelMultipleChoiceField(
        label=_("Themen"), queryset=Topic.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Der Code führt zu diesen Themen. Ohne Auswahl führt er zu allen."),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["topics"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Topic.objects.filter(organisation=organisation, active=True)
