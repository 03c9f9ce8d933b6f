"""The form of an hour: when, who answers, what citizens read."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Team
from buergerdraht.consultations.models import Consultation
from buergerdraht.contacts.models import Topic

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ConsultationForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Titel"), max_length=80, help_text=gettext_lazy("So lesen ihn Bürgerinnen und Bürger."))
    host = forms.CharField(
        label=gettext_lazy("Wer antwortet"), max_length=80, help_text=gettext_lazy("Zum Beispiel: Bürgermeisterin Anna Muster")
    )
    day = forms.DateField(label=gettext_lazy("Tag"), widget=DATE)
    begins = forms.TimeField(label=gettext_lazy("Beginn"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label=gettext_lazy("Ende"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    team = forms.ModelChoiceField(
        Team.objects.none(), label=gettext_lazy("Team"), empty_label=gettext_lazy("bitte wählen"),
        help_text=gettext_lazy("Bekommt die Unterhaltungen und sieht die Fragen."),
    )  # fmt: skip
    topic = forms.ModelChoiceField(
        Topic.objects.none(), label=gettext_lazy("Thema für Informationen"), required=False, empty_label=gettext_lazy("keines"),
        help_text=gettext_lazy("Wer „Information“ wählt, abonniert dieses Thema. Hierhin geht auch die Ankündigung."),
    )  # fmt: skip
    places = forms.IntegerField(
        label=gettext_lazy("Plätze"), required=False, min_value=1, max_value=999,
        help_text=gettext_lazy("So viele warten höchstens zugleich. Leer: ohne Grenze."),
    )  # fmt: skip
    weekly = forms.BooleanField(
        label=gettext_lazy("Jede Woche zur selben Zeit"), required=False,
        help_text=gettext_lazy("Die nächste wird von selbst angelegt; Feiertage und freie Tage werden übersprungen."),
    )  # fmt: skip

    def __init__(self, consultation: Consultation, data: Any = None) -> None:
        super().__init__(data, initial=_initial(consultation))
        self.consultation = consultation
        for name, rows in (
            ("team", Team.objects.filter(organisation=consultation.organisation_id)),
            ("topic", Topic.objects.filter(organisation=consultation.organisation_id, active=True)),
        ):
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        day, begins, ends = values.get("day"), values.get("begins"), values.get("ends")
        if day and begins and ends:
            if ends <= begins:
                self.add_error("ends", ValidationError(_("Das Ende muss nach dem Beginn liegen.")))
            elif _moment(day, ends) <= timezone.now():
                self.add_error("day", ValidationError(_("Diese Zeit ist schon vorbei. Bitte wählen Sie eine andere.")))
        return values

    def apply(self) -> Consultation:
        """Put what was written into the row; the caller saves it."""
        row, values = self.consultation, self.cleaned_data
        for name in ("title", "host", "team", "topic", "places", "weekly"):
            setattr(row, name, values[name])
        row.begins_at, row.ends_at = _moment(values["day"], values["begins"]), _moment(values["day"], values["ends"])
        return row


def _moment(day: Any, clock: time) -> datetime:
    return datetime.combine(day, clock, hours.BERLIN)


def _initial(row: Consultation) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in ("title", "host", "team", "topic", "places", "weekly")}
    if row.begins_at and row.ends_at:
        begins, ends = row.begins_at.astimezone(hours.BERLIN), row.ends_at.astimezone(hours.BERLIN)
        values |= {"day": begins.date(), "begins": begins.time(), "ends": ends.time()}
    return values
