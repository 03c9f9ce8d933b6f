"""The forms on the page of a case, of a case opened by hand, and of firms."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.cases import delegating, finding, history, proposals, questions, report, sight, states
from buergerdraht.cases.models import Case, Category, Firm
from buergerdraht.conversations.forms import ManyFiles, ManyFilesInput, colleagues

WORDS = 2_000  # letters to a citizen, as a messenger takes them
LONGEST_DELEGATION = 365  # days
LONGEST_DEADLINE = 731  # days
MOST_PHOTOS = report.MOST_PHOTOS


def _area(label: Any, rows: int, most: int, hint: Any = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, required=required, help_text=hint, widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    )


class CaseForm(forms.Form):
    """A form about one case."""

    def __init__(self, case: Case, membership: Any, data: Any = None, initial: Any = None) -> None:
        self.case, self.membership = case, membership
        super().__init__(data, initial=initial, prefix=None, auto_id=f"{self.name}-%s")
        self.begin()

    name = "case"

    def begin(self) -> None:
        """Fill in what may be chosen."""


class MoveForm(CaseForm):
    """Into which state, and what is said about it."""

    name = "move"
    state = forms.ChoiceField(label=gettext_lazy("Neuer Stand"))
    words = _area(gettext_lazy("Ein Wort dazu"), 3, WORDS, gettext_lazy("Geht an alle, die folgen, im Satz unten."))
    silent = forms.BooleanField(label=gettext_lazy("nicht mitteilen"), required=False)

    def begin(self) -> None:
        self.fields["state"].choices = [(state, states.TITLES[state]) for state in self.states()]  # type: ignore[attr-defined]

    def states(self) -> list[str]:
        """What may follow; that it is a double is said elsewhere."""
        return [state for state in states.TITLES if state in states.FOLLOWS[self.case.state] and state != Case.State.DUPLICATE]


class AnswerForm(CaseForm):
    """Words to everybody who follows."""

    name = "answer"
    words = _area(gettext_lazy("Antwort"), 3, WORDS, gettext_lazy("Geht an alle, die folgen."), required=True)


class NoteForm(CaseForm):
    name = "note"
    text = _area(gettext_lazy("Notiz"), 3, 4_000, gettext_lazy("Bleibt im Haus."), required=True)


class HandForm(CaseForm):
    """To another team, with a word for it."""

    name = "hand"
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"), empty_label=gettext_lazy("bitte wählen"))
    text = forms.CharField(label=gettext_lazy("Ein Wort für das Team"), max_length=500, required=False)

    def begin(self) -> None:
        self.fields["team"].queryset = self.case.organisation.teams.exclude(pk=self.case.team_id or 0)  # type: ignore[attr-defined]


class AssignForm(CaseForm):
    name = "assign"
    operator = forms.ModelChoiceField(
        Operator.objects.none(), label=gettext_lazy("Wer bearbeitet es"), required=False, empty_label=gettext_lazy("niemand")
    )

    def begin(self) -> None:
        people = colleagues(self.case.organisation)
        if self.case.confidential:
            people = people.filter(pk__in=self.case.category.people.values("pk"))
        self.fields["operator"].queryset = people  # type: ignore[attr-defined]
        self.fields["operator"].label_from_instance = lambda each: each.name  # type: ignore[attr-defined]
        self.fields["operator"].initial = self.case.operator_id


class RankForm(CaseForm):
    name = "rank"
    priority = forms.TypedChoiceField(label=gettext_lazy("Priorität"), choices=list(history.PRIORITIES.items()), coerce=int)

    def begin(self) -> None:
        self.fields["priority"].initial = self.case.priority


class DueForm(CaseForm):
    """By when it ought to be done."""

    name = "due"
    day = forms.DateField(
        label=gettext_lazy("Frist"), required=False, help_text=gettext_lazy("Leer: ohne Frist."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip

    def begin(self) -> None:
        self.fields["day"].initial = timezone.localdate(self.case.due_at) if self.case.due_at else None

    def clean_day(self) -> datetime | None:
        """The end of that day: until then it is kept."""
        day, today = self.cleaned_data["day"], timezone.localdate()
        if day and not today <= day <= today + timedelta(days=LONGEST_DEADLINE):
            raise ValidationError(_("Bitte wählen Sie einen Tag von heute bis in zwei Jahren."))
        return timezone.make_aware(datetime.combine(day, time(23, 59))) if day else None


class DoubleForm(CaseForm):
    """Which other case it is the same as, by its number."""

    name = "double"
    number = forms.CharField(
        label=gettext_lazy("Nummer des anderen Anliegens"), max_length=20, help_text=gettext_lazy("Zum Beispiel 2026-42")
    )
    other: Case

    def clean_number(self) -> str:
        number = finding.number(self.cleaned_data["number"])
        found = sight.cases(self.membership).filter(number=number).first() if number else None
        if found is None:
            raise ValidationError(_("Ein Anliegen mit dieser Nummer gibt es nicht."))
        if found.pk == self.case.pk:
            raise ValidationError(_("Das ist dieses Anliegen selbst."))
        self.other = found
        return number


class ReleaseForm(CaseForm):
    """What the public reads and sees."""

    name = "release"
    text = _area(
        gettext_lazy("Öffentlicher Text"), 4, 2_000,
        gettext_lazy("Ohne Namen, Telefonnummern und alles, woran man jemanden erkennt. Leer: nur Kategorie und Ort."),
    )  # fmt: skip
    photos = forms.MultipleChoiceField(label=gettext_lazy("Fotos"), required=False, widget=forms.CheckboxSelectMultiple)

    def begin(self) -> None:
        rows = self.case.photos.filter(state="covered", shown__isnull=False)
        titles = {"before": _("Foto %(n)s"), "after": _("Foto %(n)s, nach der Arbeit")}
        self.fields["photos"].choices = [  # type: ignore[attr-defined]
            (row.pk, titles[row.kind] % {"n": place}) for place, row in enumerate(rows, 1)
        ]
        if not self.is_bound:
            self.initial = {
                "text": self.case.public_text or self.case.text,
                "photos": [row.pk for row in rows if row.released or self.case.public != Case.Public.RELEASED],
            }

    def numbers(self) -> list[int]:
        return [int(each) for each in self.cleaned_data["photos"]]


class TaskForm(CaseForm):
    name = "task"
    text = forms.CharField(label=gettext_lazy("Neue Aufgabe"), max_length=300)


class DelegateForm(CaseForm):
    """Which firm does what, until when."""

    name = "delegate"
    firm = forms.ModelChoiceField(Firm.objects.none(), label=gettext_lazy("Firma"), empty_label=gettext_lazy("bitte wählen"))
    words = _area(
        gettext_lazy("Was ist zu tun"), 4, delegating.MOST_WORDS,
        gettext_lazy("Die Firma sieht dies, Kategorie, Ort und abgedeckte Fotos. Namen und Notizen sieht sie nicht."), required=True,
    )  # fmt: skip
    until = forms.DateField(label=gettext_lazy("Der Link gilt bis"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    closes = forms.BooleanField(label=gettext_lazy("Meldet die Firma „erledigt“, ist das Anliegen erledigt"), required=False)
    mail = forms.BooleanField(label=gettext_lazy("Link per E-Mail an die Firma schicken"), required=False)

    def begin(self) -> None:
        self.fields["firm"].queryset = self.case.organisation.firms.filter(active=True)  # type: ignore[attr-defined]
        self.fields["until"].initial = timezone.localdate() + timedelta(days=14)
        self.fields["words"].initial = self.case.public_text
        if not delegating.can_mail():
            del self.fields["mail"]

    def clean_until(self) -> datetime:
        day, today = self.cleaned_data["until"], timezone.localdate()
        if not today <= day <= today + timedelta(days=LONGEST_DELEGATION):
            raise ValidationError(_("Bitte wählen Sie einen Tag von heute bis in einem Jahr."))
        return timezone.make_aware(datetime.combine(day, time(23, 59)))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("mail") and values.get("firm") and not values["firm"].email:
            self.add_error("mail", _("Zu dieser Firma ist keine E-Mail-Adresse eingetragen."))
        return values


class FirmForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Firm
        fields = ("name", "email", "active")
        labels = {  # noqa: RUF012 - Django's Meta is read once
            "name": gettext_lazy("Name"), "email": gettext_lazy("E-Mail-Adresse"), "active": gettext_lazy("Kann beauftragt werden"),
        }  # fmt: skip
        help_texts = {"email": gettext_lazy("An sie geht der Link, wenn Sie es wünschen.")}  # noqa: RUF012


class ManyPictures(ManyFilesInput):
    allow_multiple_selected = True


class NewForm(forms.Form):
    """A case somebody at the desk takes down: by telephone, at the counter, or from a conversation."""

    category = forms.ModelChoiceField(Category.objects.none(), label=gettext_lazy("Kategorie"), empty_label=gettext_lazy("bitte wählen"))
    text = _area(gettext_lazy("Worum geht es"), 5, report.LONGEST, gettext_lazy("In den Worten der Bürgerin oder des Bürgers."))
    place = forms.CharField(
        label=gettext_lazy("Ort"), max_length=200, required=False,
        help_text=gettext_lazy("Straße und Hausnummer, Koordinaten wie 51.1012, 7.1005 oder ein Kartenlink"),
    )  # fmt: skip
    photos = ManyFiles(
        label=gettext_lazy("Fotos"), required=False, widget=ManyPictures(attrs={"multiple": True, "accept": "image/*"}),
        help_text=gettext_lazy("Höchstens zehn. Gesichter und Kennzeichen werden abgedeckt, bevor jemand sie sieht."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    email = forms.EmailField(label=gettext_lazy("E-Mail-Adresse"), max_length=200, required=False)
    phone = forms.CharField(label=gettext_lazy("Telefon"), max_length=40, required=False)
    doch = forms.BooleanField(label=gettext_lazy("Trotzdem aufnehmen"), required=False)

    def __init__(self, organisation: Organisation, membership: Any, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        rows = Category.objects.filter(organisation=organisation, active=True)
        self.fields["category"].queryset = rows  # type: ignore[attr-defined]
        self.answers: dict[str, str] = {}

    def asked(self) -> Category | None:
        """The category that was chosen, as far as it is one of ours."""
        number = str(self.data.get("category") or "") if self.is_bound else ""
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        found: Category | None = self.fields["category"].queryset.filter(pk=int(number)).first()  # type: ignore[attr-defined]
        return found

    def clean_photos(self) -> list[Any]:
        found: list[Any] = self.cleaned_data["photos"]
        if any(file.size > delegating.LARGEST_PHOTO for file in found):
            raise ValidationError(_("Ein Foto ist größer als 20 MB."))
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if category := values.get("category"):
            given = {str(each["key"]): str(self.data.get(f"frage-{each['key']}", "")) for each in category.questions}
            try:
                self.answers = questions.check(category.questions, given)
            except ValidationError as problem:
                self.wrong = {key: texts[0] for key, texts in problem.message_dict.items()}
                self.add_error(None, _("Bitte prüfen Sie die Antworten auf die Fragen der Kategorie."))
            if category.needs_place and not values.get("place"):
                self.add_error("place", _("Zu dieser Kategorie gehört ein Ort."))
            if not values.get("text") and not self.answers:
                self.add_error("text", _("Bitte schreiben Sie, worum es geht."))
        return values

    def asking(self) -> list[dict[str, Any]]:
        """The chosen category's own questions, with what was answered and what is wrong about it."""
        category, wrong = self.asked(), getattr(self, "wrong", {})
        return [
            {
                **each, "said": questions.said(each["text"], "de"), "name": f"frage-{each['key']}",
                "given": str(self.data.get(f"frage-{each['key']}", "")), "wrong": wrong.get(each["key"], ""),
                "titles": [questions.said(option, "de") for option in each.get("options", ())],
            }
            for each in (category.questions if category else ())
        ]  # fmt: skip

    def reporter(self) -> dict[str, str]:
        return {key: self.cleaned_data[key] for key in ("name", "email", "phone") if self.cleaned_data[key]}


def proposed(case: Case, data: Any) -> Any:
    """What was typed, with the proposal that was asked for in the place of the words."""
    key = data.get("vorschlag", "")
    if not key:
        return data
    filled = data.copy()
    filled["words"] = proposals.text(case.organisation, key) or data.get("words", "")
    if (state := key.rpartition("-")[0]) != proposals.ANSWER:
        filled["state"] = state
    return filled
