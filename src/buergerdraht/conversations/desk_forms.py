"""What those who manage type on the pages that say how the inbox works."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.conversations import dealing, notices, saved_answers, sentences
from buergerdraht.conversations.answering import MOST_UNDO
from buergerdraht.conversations.models import AssignmentRule, Desk, Label, TeamRule
from buergerdraht.gateway.models import Channel

MOST_WORDS = 60
TONES = {"plain": _("grau"), "info": _("blau"), "ok": _("grün"), "warn": _("gelb"), "bad": _("rot")}


class WordsField(forms.CharField):
    """Words or short phrases, one on each line."""

    widget = forms.Textarea

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=5_000, **more)
        self.widget.attrs |= {"rows": 4, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = (" ".join(line.split()) for line in str(super().clean(value)).replace(",", "\n").splitlines())
        words = list(dict.fromkeys(line for line in lines if line))
        if len(words) > MOST_WORDS:
            raise ValidationError(gettext("Höchstens %(most)d Wörter.") % {"most": MOST_WORDS})
        for word in words:
            if len(word) > 60:
                raise ValidationError(gettext("„%(word)s …“ ist zu lang: höchstens 60 Zeichen.") % {"word": word[:20]})
            if not dealing.fold(word):
                raise ValidationError(gettext("„%(word)s“ enthält keinen Buchstaben.") % {"word": word})
        return words


class SignatureField(forms.CharField):
    """A signature whose placeholders are all known."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, max_length=200, **more)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        _refuse_unknown(text, saved_answers.IN_SIGNATURE)
        return text


def _refuse_unknown(text: str, known: tuple[str, ...]) -> None:
    if strange := saved_answers.unknown(text, known):
        names = ", ".join(f"{{{name}}}" for name in known)
        hint = gettext("Möglich sind: %(names)s.") % {"names": names} if known else gettext("Dieser Text kennt keine Platzhalter.")
        raise ValidationError(gettext("Den Platzhalter {%(name)s} gibt es hier nicht.") % {"name": strange[0]} + " " + hint)


# ── The organisation ──────────────────────────────────────────────────────


class GeneralForm(forms.ModelForm):  # type: ignore[type-arg]
    signature = SignatureField(
        label=_("Unterschrift unter jeder Antwort"),
        help_text=_("Zum Beispiel {vorname} aus dem {team}. Möglich sind {vorname}, {name}, {team} und {organisation}."),
    )  # fmt: skip
    undo_seconds = forms.IntegerField(
        label=_("Zurücknehmen möglich für"), min_value=0, max_value=MOST_UNDO,
        help_text=_("Sekunden nach dem Senden; bei 0 geht jede Antwort sofort hinaus."),
    )  # fmt: skip
    smallest_group = forms.IntegerField(
        label=_("Kleinste Gruppe in Zahlen"), min_value=2, max_value=100,
        help_text=_("Zahlen über weniger Personen oder Fälle zeigen wir nicht."),
    )  # fmt: skip
    chain_people = forms.IntegerField(
        label=_("Kettenbrief ab"), min_value=0, max_value=1_000,
        help_text=_("So viele Personen senden an einem Tag denselben Text; bei 0 wird nicht verglichen."),
    )  # fmt: skip
    insult_words = WordsField(label=_("Eigene Wörter für Beleidigungen"), help_text=_("Eines je Zeile, zusätzlich zu unseren."))

    class Meta:
        model = Desk
        fields: ClassVar = ["teams_apart", "works_council", "smallest_group", "signature", "undo_seconds", "chain_people", "insult_words"]
        labels: ClassVar = {
            "teams_apart": _("Teams getrennt: Jede Person sieht nur, was ihren Teams oder noch niemandem gehört"),
            "works_council": _("Personalrat: keine Zahlen über einzelne Personen"),
        }


TEXTS: dict[str, tuple[Any, Any, sentences.Texts, tuple[str, ...]]] = {
    "acknowledge_text": (_("Bestätigung"), "", sentences.ACKNOWLEDGE, ()),
    "remind_text": (_("Erinnerung"), _("{moment} steht für das Ende der Frist."), sentences.REMIND, ("moment",)),
    "close_text": (_("Abschluss"), "", sentences.CLOSE, ()),
    "mark_text": (_("Frage"), "", sentences.MARK, ()),
    "emergency_text": (_("Antwort bei Notfällen"), "", sentences.EMERGENCY, ()),
    "sensitive_text": (_("Hinweis bei heiklen Angaben"), "", sentences.SENSITIVE, ()),
}  # column: (label, hint, what we say where it is empty, placeholders)


class TextsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What goes out by itself, and when. One field per text and language, named column_language."""

    acknowledge_minutes = forms.IntegerField(
        label=_("Bestätigen nach"), required=False, min_value=1, max_value=10_000,
        help_text=_("Minuten der Bürozeit ohne Antwort. Leer: nie."),
    )  # fmt: skip
    close_days = forms.IntegerField(
        label=_("Abschließen nach"), required=False, min_value=1, max_value=365,
        help_text=_("Tagen ohne ein Wort der Person nach unserer Antwort. Leer: nie."),
    )  # fmt: skip
    emergency_words = WordsField(label=_("Eigene Wörter für Notfälle"), help_text=_("Eines je Zeile, zusätzlich zu unseren."))

    class Meta:
        model = Desk
        fields: ClassVar = ["acknowledge_minutes", "remind", "close_days", "ask_mark", "emergency_words", "warn_sensitive"]
        labels: ClassVar = {
            "remind": _("Erinnern, bevor der Messenger freie Antworten schließt"),
            "ask_mark": _("Nach dem Abschluss fragen, wie es war (1 bis 5)"),
            "warn_sensitive": _("Auf heikle Angaben hinweisen (Kontonummern, Ausweise, Gesundheit)"),
        }

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation
        for column, (label, hint, ours, _known) in TEXTS.items():
            for language in organisation.languages or ["de"]:
                self.fields[f"{column}_{language}"] = forms.CharField(
                    label=f"{label} ({LANGUAGES.get(language, language)})", help_text=hint, required=False, max_length=1_000,
                    initial=getattr(self.instance, column).get(language, ""),
                    widget=forms.Textarea(attrs={
                        "rows": 3, "lang": language, "dir": "auto", "placeholder": sentences.ours(ours, organisation, language),
                    }),
                )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for column, (_label, _hint, _ours, known) in TEXTS.items():
            for bound in self.of(column):
                try:
                    _refuse_unknown(str(data.get(bound.name, "")), known)
                except ValidationError as problem:
                    self.add_error(bound.name, problem)
        return data

    def of(self, column: str) -> list[forms.BoundField]:
        """The fields of one text, in the organisation's languages."""
        return [self[f"{column}_{language}"] for language in self.organisation.languages or ["de"]]

    def values(self) -> dict[str, Any]:
        """What to set; languages that are switched off at the moment keep their texts."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields}
        for column in TEXTS:
            texts = dict(getattr(self.instance, column))
            texts |= {bound.name.removeprefix(f"{column}_"): self.cleaned_data[bound.name] for bound in self.of(column)}
            values[column] = {language: text for language, text in texts.items() if text}
        return values

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The form as the page shows it: a heading, what is set, the texts."""
        shape = [
            (_("Bestätigung"), _("Wer länger wartet, erfährt, dass er nicht vergessen ist."), ["acknowledge_minutes"], "acknowledge_text"),
            (
                _("Erinnerung"),
                _("Einmal, bevor die Frist des Messengers endet, wenn wir auf die Person warten."),
                ["remind"],
                "remind_text",
            ),
            (_("Abschluss nach Stille"), _("Die Unterhaltung wird erledigt, mit einem freundlichen Wort."), ["close_days"], "close_text"),
            (_("Wie war es?"), _("Eine Zahl und, wer mag, ein Satz dazu."), ["ask_mark"], "mark_text"),
            (_("Notfälle"), _("Werden zu jeder Zeit sofort beantwortet und stehen obenauf."), ["emergency_words"], "emergency_text"),
            (_("Heikle Angaben"), _("Werden in Listen verdeckt und früher gelöscht."), ["warn_sensitive"], "sensitive_text"),
        ]
        return [
            {"column": column, "title": title, "lead": lead, "switches": [self[name] for name in switches], "texts": self.of(column)}
            for title, lead, switches, column in shape
        ]


# ── Teams ─────────────────────────────────────────────────────────────────


class TeamRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """One line of the table of teams."""

    answer_minutes = forms.IntegerField(label=_("Erste Antwort in (Minuten)"), required=False, min_value=1, max_value=100_000)
    close_hours = forms.IntegerField(label=_("Erledigt in (Stunden)"), required=False, min_value=1, max_value=10_000)
    warn_minutes = forms.IntegerField(label=_("Warnen vorher (Minuten)"), min_value=0, max_value=10_000)
    most_open = forms.IntegerField(label=_("Höchstens offen je Person"), required=False, min_value=1, max_value=1_000)
    signature = SignatureField(label=_("Unterschrift"))

    class Meta:
        model = TeamRule
        fields: ClassVar = ["answer_minutes", "close_hours", "warn_minutes", "deal", "most_open", "escalate_to", "signature"]
        labels: ClassVar = {"deal": _("Reihum zuteilen"), "escalate_to": _("Hilfe von")}

    def __init__(self, team: Team, teams: list[Team], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.team = team
        others = [(each.pk, each.name) for each in teams if each.pk != team.pk]
        field = self.fields["escalate_to"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Team.objects.filter(pk__in=[number for number, _name in others])
        field.choices = [("", "–"), *others]  # asked once for all lines
        for name, bound in self.fields.items():
            said = f"{team.name}: {bound.label}"
            bound.widget.attrs |= {"aria-label": said}
            if name in {"answer_minutes", "close_hours", "warn_minutes", "most_open"}:
                bound.widget.attrs |= {"inputmode": "numeric"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        answer, warn = data.get("answer_minutes"), data.get("warn_minutes")
        if answer and warn and warn >= answer:
            self.add_error("warn_minutes", gettext("Gewarnt wird vor der Frist: höchstens %(most)d.") % {"most": answer - 1})
        return data


# ── Rules and labels ──────────────────────────────────────────────────────


def _of(field: forms.Field, rows: QuerySet[Any], empty: str) -> None:
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset, field.empty_label, field.required = rows, empty, False


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    words = WordsField(
        label=_("Wörter"),
        help_text=_("Eines je Zeile, eines davon genügt. Ganze Wörter; Groß und Klein, ä und ae sind gleich."),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Sprache"), required=False)

    class Meta:
        model = AssignmentRule
        fields: ClassVar = ["words", "topic", "channel", "language", "team", "operator", "label", "active"]
        labels: ClassVar = {
            "topic": _("Thema"), "channel": _("Kanal"), "team": _("An das Team"), "operator": _("An die Person"),
            "label": _("Mit dem Etikett"), "active": _("Die Regel gilt"),
        }  # fmt: skip

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.instance.organisation = organisation
        answering = Membership.objects.filter(organisation=organisation, roles__overlap=notices.ANSWERING)
        people = Operator.objects.filter(is_active=True, pk__in=answering.values("operator"))
        _of(self.fields["topic"], Topic.objects.filter(organisation=organisation), gettext("egal"))
        _of(self.fields["channel"], Channel.objects.filter(organisation=organisation).order_by("name"), gettext("egal"))
        _of(self.fields["team"], Team.objects.filter(organisation=organisation), gettext("kein Team"))
        _of(self.fields["operator"], people.order_by("name"), gettext("niemand Bestimmtes"))
        _of(self.fields["label"], Label.objects.filter(organisation=organisation), gettext("kein Etikett"))
        self.fields["channel"].label_from_instance = lambda channel: channel.name  # type: ignore[attr-defined]
        self.fields["language"].choices = _languages(organisation)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in ("team", "operator", "label")) and not self.errors:
            self.add_error("team", gettext("Sagen Sie, wohin: an ein Team, an eine Person oder wenigstens mit einem Etikett."))
        return data


def _languages(organisation: Organisation) -> list[tuple[str, str]]:
    return [("", gettext("egal")), *((code, LANGUAGES.get(code, code)) for code in organisation.languages or ["de"])]


class ProbeForm(forms.Form):
    """A message that nobody sent, to see which rule takes it."""

    probe = forms.CharField(
        label=_("Nachricht"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    kanal = forms.ModelChoiceField(Channel.objects.none(), label=_("Kanal"), required=False)
    thema = forms.ModelChoiceField(Topic.objects.none(), label=_("Thema"), required=False)
    sprache = forms.ChoiceField(label=_("Sprache"), required=False)

    def __init__(self, organisation: Organisation, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _of(self.fields["kanal"], Channel.objects.filter(organisation=organisation).order_by("name"), gettext("egal"))
        _of(self.fields["thema"], Topic.objects.filter(organisation=organisation), gettext("keines"))
        self.fields["kanal"].label_from_instance = lambda channel: channel.name  # type: ignore[attr-defined]
        self.fields["sprache"].choices = _languages(organisation)[1:]  # type: ignore[attr-defined]

    def matter(self) -> dealing.Matter:
        data = self.cleaned_data
        channel, topic = data.get("kanal"), data.get("thema")
        topics = frozenset({topic.pk}) if topic else frozenset()
        return dealing.Matter(data.get("probe", ""), channel.pk if channel else None, data.get("sprache", ""), topics)


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    tone = forms.ChoiceField(label=_("Farbe"), choices=list(TONES.items()))

    class Meta:
        model = Label
        fields: ClassVar = ["name", "tone"]
        labels: ClassVar = {"name": _("Name")}

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())
