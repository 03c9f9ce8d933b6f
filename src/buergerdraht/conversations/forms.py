"""What operators type: a reply, a note, a filter, a colleague's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors.contract import Location
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.conversations import listing, places, saved_answers, words
from buergerdraht.conversations.models import SavedAnswer
from buergerdraht.gateway.models import Channel

REPLY, NOTE = "antwort", "notiz"
MOST_FILES = 10
AGES = [(1, _("länger als 1 Stunde")), (4, _("länger als 4 Stunden")), (24, _("länger als 1 Tag")), (72, _("länger als 3 Tage")),
        (168, _("länger als 1 Woche"))]  # fmt: skip
CHOSEN = ("team", "thema", "etikett", "sprache", "alter")
KEPT = {"ansicht", "kanal", "ueberfaellig", "unbeantwortet", "automatisch", *CHOSEN}


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

    einmal = forms.UUIDField(required=False)
    gesehen = forms.IntegerField(required=False)
    trotzdem = forms.IntegerField(required=False)  # the newest message shown when it was held back
    entwurf = forms.IntegerField(required=False)  # whose draft the field began with
    ort = forms.CharField(required=False, max_length=2_000, strip=True)
    ort_name = forms.CharField(required=False, max_length=120, strip=True)
    ort_adresse = forms.CharField(required=False, max_length=200, strip=True)
    art = forms.ChoiceField(choices=[(REPLY, _("Antwort")), (NOTE, _("Interne Notiz"))], initial=REPLY)
    text = forms.CharField(required=False, max_length=20_000, strip=True)
    zitat = forms.CharField(required=False, max_length=200)
    adresse = forms.IntegerField(required=False)
    datei = ManyFiles(required=False, widget=ManyFilesInput, allow_empty_file=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["auswahl"] = self._choices()
        data["bleibt"] = self._many("bleibt")[:MOST_FILES]
        data["baustein"] = [int(value) for value in self._many("baustein") if value.isdecimal()]
        data["standort"] = self._place(data)
        something = data.get("text") or data.get("datei") or data["bleibt"] or data["standort"]
        if not something and not self.errors:
            raise ValidationError(
                _("Schreiben Sie auch, worum es bei der Auswahl geht.") if data["auswahl"]
                else _("Schreiben Sie einen Text oder fügen Sie eine Datei hinzu.")
            )  # fmt: skip
        if data.get("art") == NOTE and (data.get("datei") or data["bleibt"]):
            self.add_error("datei", _("Notizen enthalten nur Text. Entfernen Sie die Dateien."))
        return data

    def _many(self, name: str) -> list[str]:
        values = self.data.getlist(name) if hasattr(self.data, "getlist") else self.data.get(name, [])
        return [value.strip() for value in values if value.strip()]

    def _choices(self) -> list[str]:
        titles = self._many("auswahl")
        if len(titles) != len(set(titles)):
            raise ValidationError(_("Zwei Antworten zur Auswahl heißen gleich. Benennen Sie eine um."))
        return [title[:100] for title in titles[:20]]

    def _place(self, data: dict[str, Any]) -> Location | None:
        if not data.get("ort"):
            if data.get("ort_name") or data.get("ort_adresse"):
                raise ValidationError(_("Zum Ort fehlen die Koordinaten. Fügen Sie sie oder einen Kartenlink ein."))
            return None
        if (found := places.read(data["ort"])) is None:
            raise ValidationError(
                _("Der Ort ist nicht lesbar. Schreiben Sie Koordinaten wie „51.0504, 13.7373“ oder fügen Sie einen Kartenlink ein.")
            )
        return Location(latitude=found[0], longitude=found[1], name=data.get("ort_name", ""), address=data.get("ort_adresse", ""))


class SavedAnswerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A saved answer with one text per language of the organisation; the first is needed."""

    class Meta:
        model = SavedAnswer
        fields = ("title", "shortcut", "team")
        labels: ClassVar = {"title": _("Titel"), "shortcut": _("Kürzel"), "team": _("Für")}
        help_texts: ClassVar = {"shortcut": _("Buchstaben und Ziffern. Im Antwortfeld tippen Sie / und das Kürzel.")}

    def __init__(self, membership: Membership, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.membership, self.organisation = membership, membership.organisation
        self.instance.organisation = self.organisation
        everybody = [("", _("alle Teams"))] if may(membership, Right.MANAGE) else []
        team: Any = self.fields["team"]
        team.queryset = Team.objects.filter(pk__in=[team.pk for team in saved_answers.teams(membership)])
        team.choices = everybody + [(each.pk, each.name) for each in team.queryset]
        team.required = not everybody
        for index, code in enumerate(self.organisation.languages or ["de"]):
            self.fields[f"text_{code}"] = forms.CharField(
                label=_("Text (%(language)s)") % {"language": LANGUAGES.get(code, code)}, required=index == 0, max_length=4_000,
                widget=forms.Textarea(attrs={"rows": 5, "dir": "auto", "lang": code, "spellcheck": "true"}),
                initial=self.instance.texts.get(code, ""),
            )  # fmt: skip

    @property
    def text_fields(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("text_")]

    def clean_shortcut(self) -> str:
        value = str(self.cleaned_data["shortcut"]).strip().lstrip("/").lower()
        if not re.fullmatch(r"[\w-]+", value):
            raise ValidationError(_("Ein Kürzel besteht aus Buchstaben, Ziffern und Strichen, ohne Leerzeichen."))
        return value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        texts = {name.removeprefix("text_"): data.get(name, "").strip() for name in self.fields if name.startswith("text_")}
        for code, text in texts.items():
            if strange := saved_answers.unknown(text):
                self.add_error(f"text_{code}", _("Diesen Platzhalter gibt es nicht: %(name)s") % {"name": f"{{{strange[0]}}}"})
        others = SavedAnswer.objects.filter(organisation=self.organisation, team=data.get("team"), shortcut=data.get("shortcut", ""))
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("shortcut", _("Dieses Kürzel ist schon vergeben."))
        self.instance.texts = {code: text for code, text in texts.items() if text}
        return data


class FilterForm(forms.Form):
    """What the list shows. Sent by POST: a search may hold a name, and names do not belong into addresses (law 12)."""

    ansicht = forms.ChoiceField(choices=[(view, view) for view in listing.VIEWS], required=False)
    suche = forms.CharField(required=False, max_length=200)
    kanal = forms.TypedMultipleChoiceField(coerce=int, required=False)
    thema = forms.TypedChoiceField(label=_("Thema"), coerce=int, required=False, empty_value=None)
    etikett = forms.TypedChoiceField(label=_("Etikett"), coerce=int, required=False, empty_value=None)
    sprache = forms.ChoiceField(label=_("Sprache"), required=False)
    team = forms.TypedChoiceField(label=_("Team"), coerce=int, required=False, empty_value=None)
    alter = forms.TypedChoiceField(label=_("Wartet"), coerce=int, required=False, empty_value=None, choices=[("", _("egal")), *AGES])
    ueberfaellig = forms.BooleanField(required=False)
    unbeantwortet = forms.BooleanField(required=False)
    automatisch = forms.BooleanField(required=False)
    ab = forms.IntegerField(required=False, min_value=0)
    bis = forms.IntegerField(required=False, min_value=1, max_value=listing.MOST_ROWS)
    offen = forms.IntegerField(required=False)

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation
        everything = ("", _("alle"))
        offered: dict[str, Callable[[], list[Any]]] = {
            "kanal": lambda: [(channel.pk, channel.name) for channel in self.channels],
            "thema": lambda: [everything, *((topic.pk, str(topic)) for topic in organisation.topics.order_by("position", "pk"))],
            "etikett": lambda: [everything, *organisation.labels.values_list("pk", "name")],
            "sprache": lambda: [everything, *self._languages()],
            "team": lambda: [everything, *organisation.teams.values_list("pk", "name")],
        }
        for name, choices in offered.items():  # asked for only where one was chosen, or where they are drawn
            field: Any = self.fields[name]
            field.choices = cache(choices)

    @cached_property
    def channels(self) -> list[Channel]:
        return list(self.organisation.channels.defer("config").order_by("name"))

    def _languages(self) -> list[tuple[str, str]]:
        codes = {*(self.organisation.languages or ["de"]), *LANGUAGES}
        return sorted(((code, words.language(code)) for code in codes), key=lambda each: each[1])

    @property
    def selects(self) -> list[Any]:
        """The filters of which one value is chosen, without those that would offer nothing."""
        return [self[name] for name in CHOSEN if len(list(self.fields[name].choices)) > 1]  # type: ignore[attr-defined]

    def asked(self, fallback: str) -> listing.Asked:
        """Say what is asked for; what is not understood counts as not asked."""
        self.is_valid()
        data = self.cleaned_data
        return listing.Asked(
            view=data.get("ansicht") or fallback, query=(data.get("suche") or "").strip(), channels=data.get("kanal") or (),
            topic=data.get("thema"), label=data.get("etikett"), language=data.get("sprache") or "", team=data.get("team"),
            hours=data.get("alter"), overdue=data.get("ueberfaellig", False), unanswered=data.get("unbeantwortet", False),
            automatic=data.get("automatisch", False),
        )  # fmt: skip

    def wish(self) -> dict[str, Any]:
        """What is worth a name: view and filters, never what was searched for."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if name in KEPT and value}


class ViewForm(forms.Form):
    """A name for what the list shows."""

    name = forms.CharField(max_length=40, strip=True)


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
