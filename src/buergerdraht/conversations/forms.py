"""What operators type: a reply, a note, a filter, a colleague's name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.conversations import reading

REPLY, NOTE = "antwort", "notiz"
MOST_FILES = 10


class ManyFiles(forms.FileField):
    """Several files from one input."""

    widget = forms.FileInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list) else [data] if data else []
        if len(files) > MOST_FILES:
            raise ValidationError(_("Wählen Sie höchstens %(most)d Dateien."), params={"most": MOST_FILES})
        return [super(ManyFiles, self).clean(file, None) for file in files]


class ManyFilesInput(forms.FileInput):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)


class ReplyForm(forms.Form):
    """A reply to the citizen, or a note for colleagues."""

    art = forms.ChoiceField(choices=[(REPLY, _("Antwort")), (NOTE, _("Interne Notiz"))], initial=REPLY)
    text = forms.CharField(required=False, max_length=20_000, strip=True)
    zitat = forms.CharField(required=False, max_length=200)
    adresse = forms.IntegerField(required=False)
    datei = ManyFiles(required=False, widget=ManyFilesInput, allow_empty_file=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("text") and not data.get("datei") and "datei" not in self.errors:
            raise ValidationError(_("Schreiben Sie einen Text oder fügen Sie eine Datei hinzu."))
        if data.get("art") == NOTE and data.get("datei"):
            self.add_error("datei", _("Notizen enthalten nur Text. Entfernen Sie die Dateien."))
        return data


class FilterForm(forms.Form):
    """What the list shows. Sent by POST: a search may hold a name, and names do not belong into addresses (law 12)."""

    ansicht = forms.ChoiceField(choices=[(view, view) for view in reading.VIEWS], required=False)
    suche = forms.CharField(required=False, max_length=200)
    kanal = forms.TypedMultipleChoiceField(coerce=int, required=False)
    team = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    unbeantwortet = forms.BooleanField(required=False)
    automatisch = forms.BooleanField(required=False)
    ab = forms.IntegerField(required=False, min_value=0)
    offen = forms.IntegerField(required=False)

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.channels = list(organisation.channels.defer("config").order_by("name"))
        self.teams = list(organisation.teams.all())
        self.fields["kanal"].choices = [(channel.pk, channel.name) for channel in self.channels]  # type: ignore[attr-defined]
        self.fields["team"].choices = [("", "")] + [(team.pk, team.name) for team in self.teams]  # type: ignore[attr-defined]

    def asked(self, fallback: str) -> reading.Asked:
        """Say what is asked for; what is not understood counts as not asked."""
        self.is_valid()
        data = self.cleaned_data
        return reading.Asked(
            view=data.get("ansicht") or fallback, query=(data.get("suche") or "").strip(), channels=data.get("kanal") or (),
            team=data.get("team"), unanswered=data.get("unbeantwortet", False), automatic=data.get("automatisch", False),
        )  # fmt: skip


class AssignForm(forms.Form):
    """Who shall have it: "o12" an operator, "t3" a team, "" everyone."""

    an = forms.CharField(required=False, max_length=20)

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation

    def clean_an(self) -> Operator | Team | None:
        value = self.cleaned_data["an"]
        if not value:
            return None
        found: Operator | Team | None = None
        if value[1:].isdecimal():
            rows: QuerySet[Operator] | QuerySet[Team] = colleagues(self.organisation) if value[0] == "o" else self.organisation.teams.all()
            found = rows.filter(pk=int(value[1:])).first()
        if found is None:
            raise ValidationError(_("Diese Person oder dieses Team arbeitet nicht in Ihrer Organisation."))
        return found


def colleagues(organisation: Organisation) -> QuerySet[Operator]:
    return Operator.objects.filter(memberships__organisation=organisation, is_active=True).order_by("name")
