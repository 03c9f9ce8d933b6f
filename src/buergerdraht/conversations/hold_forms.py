"""What operators choose in the menu of a thread: until when, which labels, which team, which people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import mentions
from buergerdraht.conversations.models import Conversation, Label

DAY = "tag"
BEGIN, NOON, AFTERNOON = time(8), time(12), time(14)
TONES = [("plain", gettext_lazy("grau")), ("info", gettext_lazy("blau")), ("ok", gettext_lazy("grün")), ("warn", gettext_lazy("orange")),
         ("bad", gettext_lazy("rot"))]  # fmt: skip


def moments(organisation: Organisation, now: datetime) -> list[tuple[str, str, datetime]]:
    """Until when one puts things off: a code, its words, the moment."""
    local = now.astimezone(hours.BERLIN)
    found = [("stunde", _("in einer Stunde"), now + timedelta(hours=1))]
    if local.time() < NOON:
        found.append(("nachmittag", _("heute Nachmittag"), datetime.combine(local.date(), AFTERNOON, hours.BERLIN)))
    tomorrow = local.date() + timedelta(days=1)
    found.append(("morgen", _("morgen früh"), opening(organisation, tomorrow)))
    monday = local.date() + timedelta(days=7 - local.weekday())
    if monday != tomorrow:
        found.append(("montag", _("nächsten Montag"), opening(organisation, monday)))
    return found


def opening(organisation: Organisation, day: date) -> datetime:
    """When the office opens on a day; at eight where it does not."""
    spans = hours.spans(organisation, day)
    return spans[0][0] if spans else datetime.combine(day, BEGIN, hours.BERLIN)


class SnoozeForm(forms.Form):
    """One of the usual moments, or a day of one's own."""

    wann = forms.ChoiceField(label=gettext_lazy("Wieder vorlegen"), widget=forms.RadioSelect)
    tag = forms.DateField(label=gettext_lazy("Tag"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation
        self.moments = moments(organisation, timezone.now())
        choices = [(code, f"{words} ({_spoken(at)})") for code, words, at in self.moments]
        wann: Any = self.fields["wann"]
        wann.choices = [*choices, (DAY, _("an einem anderen Tag"))]
        self.initial.setdefault("wann", "morgen")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("wann") == DAY and not data.get("tag") and "tag" not in self.errors:
            self.add_error("tag", _("Wählen Sie den Tag."))
        elif data.get("wann") == DAY and data.get("tag") and self.until() <= timezone.now():
            self.add_error("tag", _("Wählen Sie einen Tag, der noch kommt."))
        elif data.get("wann") == DAY and data.get("tag") and data["tag"] > timezone.localdate() + timedelta(days=366):
            self.add_error("tag", _("Wählen Sie einen Tag innerhalb eines Jahres."))
        return data

    def until(self) -> datetime:
        """The moment chosen, once the form is valid."""
        if self.cleaned_data["wann"] == DAY:
            return opening(self.organisation, self.cleaned_data["tag"])
        return next(at for code, _words, at in self.moments if code == self.cleaned_data["wann"])


def _spoken(at: datetime) -> str:
    local = timezone.localtime(at)
    return date_format(local, "H:i") if local.date() == timezone.localdate() else date_format(local, "D, j.n., H:i")


class LabelsForm(forms.Form):
    """Which labels a thread has, and a new one."""

    etikett = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Etiketten"), queryset=Label.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    neu = forms.CharField(label=gettext_lazy("Neues Etikett"), max_length=40, required=False, strip=True)
    farbe = forms.ChoiceField(label=gettext_lazy("Farbe"), choices=TONES, required=False)

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["etikett"].queryset = Label.objects.filter(organisation=organisation)  # type: ignore[attr-defined]


class TopicForm(forms.Form):
    thema = forms.ModelChoiceField(
        label=gettext_lazy("Thema"), queryset=Topic.objects.none(), required=False, empty_label=gettext_lazy("keins")
    )

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["thema"].queryset = Topic.objects.filter(organisation=organisation, active=True)  # type: ignore[attr-defined]


class EscalateForm(forms.Form):
    """Which other team shall help, and why."""

    team = forms.ModelChoiceField(label=gettext_lazy("Team"), queryset=Team.objects.none(), empty_label=None)
    warum = forms.CharField(
        label=gettext_lazy("Worum geht es?"), max_length=2_000, strip=True, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Wird als interne Notiz abgelegt. Die Person draußen sieht davon nichts."),
    )  # fmt: skip

    def __init__(self, conversation: Conversation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        others = Team.objects.filter(organisation=conversation.organisation_id).exclude(pk=conversation.team_id or 0)
        self.fields["team"].queryset = others  # type: ignore[attr-defined]
        self.possible = others.exists()


class NamedForm(forms.Form):
    """Who may see a confidential thread."""

    wer = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Diese Personen dürfen sie sehen"), queryset=Operator.objects.none(), widget=forms.CheckboxSelectMultiple,
        required=False,
    )  # fmt: skip

    def __init__(self, conversation: Conversation, operator: Operator, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conversation, self.operator = conversation, operator
        people = mentions.colleagues(conversation.organisation).distinct()
        self.fields["wer"].queryset = people if conversation.confidential else people.exclude(pk=operator.pk)  # type: ignore[attr-defined]

    def clean_wer(self) -> Iterable[Operator]:
        people: Iterable[Operator] = self.cleaned_data["wer"]
        if self.conversation.confidential and not people:
            raise ValidationError(_("Mindestens eine Person muss die Unterhaltung sehen können. Sonst heben Sie die Vertraulichkeit auf."))
        return people
