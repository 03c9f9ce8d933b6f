"""What operators fill in about their organisation, their team and themselves."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import hours
from buergerdraht.accounts.languages import NAMES, TITLES, reach
from buergerdraht.accounts.models import Operator, Organisation, Role, Team
from buergerdraht.accounts.rest.scopes import SCOPES

LANDS = {
    "BW": "Baden-Württemberg", "BY": "Bayern", "BE": "Berlin", "BB": "Brandenburg", "HB": "Bremen", "HH": "Hamburg", "HE": "Hessen",
    "MV": "Mecklenburg-Vorpommern", "NI": "Niedersachsen", "NW": "Nordrhein-Westfalen", "RP": "Rheinland-Pfalz", "SL": "Saarland",
    "SN": "Sachsen", "ST": "Sachsen-Anhalt", "SH": "Schleswig-Holstein", "TH": "Thüringen",
}  # fmt: skip
ROLE_WORDS = {
    Role.ADMINISTRATOR: _("Richtet ein: Kanäle, Themen, Team, Einstellungen"),
    Role.EDITOR: _("Schreibt Rundnachrichten und gibt sie zur Freigabe"),
    Role.APPROVER: _("Prüft und gibt frei, was andere geschrieben haben"),
    Role.AGENT: _("Beantwortet Bürgerinnen und Bürger im Posteingang"),
    Role.DATA_PROTECTION: _("Liest das Protokoll, erteilt Auskunft, löscht"),
    Role.VIEWER: _("Liest mit, ändert nichts"),
}
RETENTION = {  # the classes of privacy.retention, with its defaults
    "messages": (_("Nachrichten in Unterhaltungen"), 365),
    "sensitive": (_("Kontonummern, Ausweise, Gesundheit in Nachrichten"), 30),
    "media": (_("Bilder und Dateien von Bürgerinnen und Bürgern"), 180),
    "deliveries": (_("Versandnachweise je Person"), 180),
    "silent": (_("Personen ohne Abo, die nicht mehr schreiben"), 365),
    "unconfirmed": (_("Unbestätigte Anmeldungen"), 3),
    "events": (_("Rohdaten der Dienste"), 7),
    "seen": (_("Kennungen empfangener Ereignisse"), 30),
    "traffic": (_("Verlauf der Kanäle"), 30),
}


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    languages = forms.MultipleChoiceField(
        label=_("Sprachen"), choices=list(TITLES.items()), widget=forms.CheckboxSelectMultiple,
        help_text=_("Deutsch ist die Sprache, auf die zurückgegriffen wird. Weitere Sprachen schreiben Sie unter „Wortlaut“."),
    )  # fmt: skip

    class Meta:
        model = Organisation
        fields: ClassVar = ["name", "land", "website", "imprint", "privacy_url", "address_form", "languages", "approval_required"]
        labels: ClassVar = {
            "name": _("Name der Organisation"), "land": _("Land"), "website": _("Internetseite"), "imprint": _("Impressum"),
            "privacy_url": _("Eigene Seite zum Datenschutz"), "address_form": _("Anrede der Bürgerinnen und Bürger"),
            "approval_required": _("Rundnachrichten gibt eine zweite Person frei"),
        }  # fmt: skip
        help_texts: ClassVar = {
            "land": _("Bestimmt die Feiertage."),
            "imprint": _(
                "Kommt im Messenger auf das Wort IMPRESSUM. Auf der Internetseite steht, was Sie unter "
                "„Internetseite, Rechtliches“ angeben; fehlt es dort, dieser Text. Zwei Sternchen davor und danach machen fett."
            ),
            "privacy_url": _("Bleibt das Feld leer, führt der Hinweis auf die Seite von Bürgerdraht."),
        }
        widgets: ClassVar = {
            "land": forms.Select(choices=list(LANDS.items())),
            "imprint": forms.Textarea(attrs={"rows": 6}),
            "address_form": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["languages"].choices = [(code, self._told(code)) for code in TITLES]  # type: ignore[attr-defined]

    def _told(self, code: str) -> str:
        """A language with how far it is; the name it has for itself is how citizens see it."""
        title, own = str(TITLES[code]), NAMES[code]
        words = "; ".join(each.words for each in reach(self.instance, code) if each.words)
        return " – ".join(filter(None, [title if title == own else f"{title} ({own})", words]))

    def clean_languages(self) -> list[str]:
        chosen = self.cleaned_data["languages"]
        for code in chosen:
            lacking = sum(each.lacking for each in reach(self.instance, code))
            if lacking and code not in self.instance.languages:
                raise ValidationError(
                    gettext(
                        "%(language)s lässt sich noch nicht anbieten: Von den Sätzen zum Anmelden und Abmelden fehlen %(n)s. "
                        "Wer einwilligt, muss sie lesen können. Schreiben Sie sie unter „Wortlaut“."
                    )
                    % {"language": TITLES[code], "n": lacking}
                )
        return ["de", *[language for language in chosen if language != "de"]]


class TextsForm(forms.Form):
    """Texts for citizens, one field per kind and language; the names are kind_language."""

    KINDS: ClassVar = {
        "greeting": (_("Begrüßung"), _("Wird einmal am Tag gesendet, wenn jemand in der Bürozeit schreibt.")),
        "away": (_("Abwesenheit"), _("Wird außerhalb der Bürozeit gesendet. {moment} steht für die nächste Öffnung.")),
        "privacy_text": (
            _("Datenschutzhinweis"),
            _("Steht auf der Seite zum Datenschutz. Was auf Ihren Kanälen gespeichert wird und wie lange, setzen wir von selbst darunter."),
        ),
    }

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        for kind, (label, hint) in self.KINDS.items():
            for language in organisation.languages:
                self.fields[f"{kind}_{language}"] = forms.CharField(
                    label=f"{label} ({TITLES.get(language, language)})", help_text=hint, required=False, max_length=4000,
                    initial=getattr(organisation, kind).get(language, ""),
                    widget=forms.Textarea(attrs={"rows": 8 if kind == "privacy_text" else 3, "lang": language, "dir": "auto"}),
                )  # fmt: skip

    def texts(self) -> dict[str, dict[str, str]]:
        """Give {kind: {language: text}}, keeping languages that are switched off at the moment."""
        result: dict[str, dict[str, str]] = {}
        for kind in self.KINDS:
            kept = dict(getattr(self.organisation, kind))
            kept.update({language: self.cleaned_data[f"{kind}_{language}"] for language in self.organisation.languages})
            result[kind] = {language: text for language, text in kept.items() if text}
        return result


SPAN = re.compile(r"^\s*(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|bis)\s*(\d{1,2})(?:[:.](\d{2}))?\s*(?:Uhr)?\s*$")


def read_spans(text: str) -> list[list[str]]:
    """Read "8-12, 14:00 bis 16:30" as [["08:00", "12:00"], ["14:00", "16:30"]]; says what it cannot read."""
    found: list[list[str]] = []
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        match = SPAN.match(piece)
        if not match:
            raise ValidationError(gettext("„%(piece)s“ ist keine Zeitspanne. Schreiben Sie zum Beispiel 8:00–12:00.") % {"piece": piece})
        start_hour, start_minute, end_hour, end_minute = (int(part or 0) for part in match.groups())
        if start_hour > 23 or end_hour > 23 or start_minute > 59 or end_minute > 59:
            raise ValidationError(gettext("„%(piece)s“ ist keine Uhrzeit.") % {"piece": piece})
        start, end = f"{start_hour:02}:{start_minute:02}", f"{end_hour:02}:{end_minute:02}"
        if start >= end:
            raise ValidationError(gettext("„%(piece)s“: Das Ende liegt vor dem Anfang.") % {"piece": piece})
        if found and start < found[-1][1]:
            raise ValidationError(gettext("„%(piece)s“ überschneidet sich mit der Spanne davor.") % {"piece": piece})
        found.append([start, end])
    return found


class HoursForm(forms.Form):
    """Office hours per weekday as people write them, further closed days, quiet hours for broadcasts."""

    closed_days = forms.CharField(
        label=_("Weitere geschlossene Tage"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Ein Datum je Zeile, zum Beispiel 24.12.2026. Feiertage Ihres Landes sind schon dabei."),
    )  # fmt: skip
    quiet_from = forms.TimeField(label=_("Ruhezeit ab"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    quiet_until = forms.TimeField(label=_("Ruhezeit bis"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    patience = forms.IntegerField(
        label=_("Geduld bei Dringendem, in Minuten"), min_value=3, max_value=120,
        help_text=_(
            "So lange warten wir bei dringenden Rundnachrichten darauf, dass der Messenger die Zustellung meldet. Danach geht die "
            "Nachricht auf dem nächsten Weg der Person, wenn sie einen hat. Kürzer heißt: öfter kommt sie doppelt an, weil ein Telefon "
            "nur aus war. Üblich sind 10 Minuten."
        ),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {
            "closed_days": "\n".join(f"{date.fromisoformat(day):%d.%m.%Y}" for day in organisation.closed_days),
            "quiet_from": organisation.quiet_from, "quiet_until": organisation.quiet_until, "patience": organisation.patience,
        })  # fmt: skip
        super().__init__(*args, **kwargs)
        for day, name in zip(hours.DAYS, hours.DAY_NAMES["de"], strict=True):
            spans = organisation.office_hours.get(day, [])
            self.fields[day] = forms.CharField(
                label=gettext(name), required=False, max_length=100, initial=", ".join(f"{start}–{end}" for start, end in spans),
                widget=forms.TextInput(attrs={"placeholder": gettext("geschlossen")}),
            )  # fmt: skip
        self.order_fields([*hours.DAYS, "closed_days", "quiet_from", "quiet_until", "patience"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for day in hours.DAYS:
            try:
                data[day] = read_spans(data.get(day, ""))
            except ValidationError as problem:
                self.add_error(day, problem)
        if bool(data.get("quiet_from")) != bool(data.get("quiet_until")):
            self.add_error("quiet_until", gettext("Geben Sie Anfang und Ende der Ruhezeit an, oder keines von beiden."))
        return data

    def clean_closed_days(self) -> list[str]:
        days = []
        for line in filter(None, (line.strip() for line in self.cleaned_data["closed_days"].splitlines())):
            try:
                day, month, year = (int(part) for part in line.split("."))
                days.append(date(year, month, day).isoformat())
            except ValueError:
                raise ValidationError(
                    gettext("„%(line)s“ ist kein Datum. Schreiben Sie zum Beispiel 24.12.2026.") % {"line": line}
                ) from None
        return sorted(set(days))


class RulesForm(forms.Form):
    """Retention per class in days, and the provider's prices in cents."""

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, days) in RETENTION.items():
            self.fields[f"days_{name}"] = forms.IntegerField(
                label=label, min_value=1, max_value=3650, initial=organisation.retention.get(name, days), help_text=_("Tage")
            )
        prices = organisation.prices.get("whatsapp", {})
        words = {"marketing": _("Marketing-Vorlage"), "utility": _("Service-Vorlage (Utility)"), "service": _("Freie Nachricht")}
        for category, word in words.items():
            self.fields[f"price_{category}"] = forms.CharField(
                label=word, required=False, initial=str(prices.get(category, "")).replace(".", ","), help_text=_("Cent je Nachricht"),
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in [name for name in self.fields if name.startswith("price_")]:
            text = str(data.get(name, "")).replace(",", ".").strip()
            try:
                price = Decimal(text) if text else None
            except InvalidOperation:
                price = Decimal(-1)
            if price is not None and not 0 <= price <= 1000:
                self.add_error(name, gettext("Geben Sie den Preis in Cent an, zum Beispiel 11,31."))
            data[name] = None if price is None else float(price)
        return data


class InvitationForm(forms.Form):
    name = forms.CharField(label=_("Vor- und Nachname"), max_length=120)
    email = forms.EmailField(label=_("Dienstliche E-Mail-Adresse"))
    roles = forms.MultipleChoiceField(
        label=_("Aufgaben"), choices=Role.choices, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Wählen Sie mindestens eine Aufgabe.")},
    )  # fmt: skip
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = self.fields["teams"]
        assert isinstance(teams, forms.ModelMultipleChoiceField)
        teams.queryset = Team.objects.filter(organisation=organisation)
        self.organisation = organisation

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if self.organisation.memberships.filter(operator__email=email).exists():
            raise ValidationError(gettext("Diese Person arbeitet schon hier."))
        return email


class MemberForm(InvitationForm):
    """Roles and teams of somebody who is here."""

    name = None  # type: ignore[assignment]
    email = None  # type: ignore[assignment]

    def clean_email(self) -> str:
        return ""


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name des Teams"), max_length=80)


SCOPE_GROUPS = (  # the rooms whose scopes stand together, what they are called and what is in them
    ("channels topics", _("Kanäle und Themen"), _("Was eingerichtet ist, ohne etwas über einzelne Menschen.")),
    ("contacts", _("Kontakte"), _("Einzelne Menschen: Namen, Wege und Abos.")),
    ("broadcasts", _("Rundnachrichten"), _("Entwürfe und Zahlen. Freigeben und senden kann nur ein Mensch.")),
    ("conversations", _("Unterhaltungen"), _("Was Menschen schreiben und was ihnen geantwortet wird. Vertrauliche bleiben verschlossen.")),
    ("cases", _("Anliegen"), _("Meldungen mit Ort, Bildern und Verlauf.")),
    (
        "appointments consultations meters", _("Termine, Sprechstunden und Zählerstände"),
        _("Was gebucht ist, wer wartet, was abgelesen wurde."),
    ),
    ("dialogs walks tables", _("Dialoge und Tabellen"), _("Automatische Gespräche und die Listen, aus denen sie antworten.")),
    ("", _("Weiteres"), ""),
)  # fmt: skip


def scope_group(scope: str) -> int:
    """Find the group a scope stands in; one that no line names stands in the last."""
    room = scope.partition(":")[0]
    return next((n for n, (rooms, _title, _told) in enumerate(SCOPE_GROUPS) if room in rooms.split()), len(SCOPE_GROUPS) - 1)


class TokenForm(forms.Form):
    """What another system of the authority may do, and how long."""

    name = forms.CharField(
        label=_("Welches System?"), max_length=80,
        help_text=_("Steht im Protokoll und über seinen Antworten, zum Beispiel: Fachverfahren Bürgeramt."),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("Was es darf"), choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "kern-form-check__checkbox"}),
        error_messages={"required": _("Wählen Sie mindestens ein Recht.")},
        help_text=_("So wenig wie möglich. Vertrauliche Unterhaltungen sieht es nie, und eine Rundnachricht gibt immer ein Mensch frei."),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=_("Gilt"), coerce=int, choices=[(90, _("90 Tage")), (365, _("ein Jahr")), (730, _("zwei Jahre"))], initial=365
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Unterhaltungen dieser Teams"), queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Nur wichtig, wo Teams getrennt arbeiten: Dann sieht es deren Unterhaltungen und die ohne Team."),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = self.fields["teams"]
        assert isinstance(teams, forms.ModelMultipleChoiceField)
        teams.queryset = Team.objects.filter(organisation=organisation)

    def scope_groups(self) -> list[dict[str, Any]]:
        """The boxes to tick, by what they are about."""
        boxes = list(self["scopes"])
        groups = [
            {"title": title, "told": told, "boxes": [box for box in boxes if scope_group(box.data["value"]) == n]}
            for n, (_rooms, title, told) in enumerate(SCOPE_GROUPS)
        ]
        return [group for group in groups if group["boxes"]]


class JoinForm(forms.Form):
    """What a new colleague sets on the invitation's page."""

    name = forms.CharField(label=_("Vor- und Nachname"), max_length=120)
    password = forms.CharField(
        label=_("Passwort"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), help_text=_("Mindestens 12 Zeichen.")
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Operator
        fields: ClassVar = ["name", "language", "theme"]
        labels: ClassVar = {"name": _("Vor- und Nachname"), "language": _("Sprache der Oberfläche"), "theme": _("Darstellung")}
        widgets: ClassVar = {
            "language": forms.Select(choices=[("de", "Deutsch"), ("en", "English")]),
            "theme": forms.Select(choices=[("", _("wie das System")), ("light", _("hell")), ("dark", _("dunkel"))]),
        }
