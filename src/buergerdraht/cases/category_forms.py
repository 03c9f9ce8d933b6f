"""The form of a category: its words in every language of the authority, whose it is, how long it may take, who sees it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases.category_rows import GERMAN
from buergerdraht.cases.models import Category
from buergerdraht.contacts import approved
from buergerdraht.contacts.texts import LANGUAGES

ICONS = {
    "pin": gettext_lazy("Nadel"), "warning": gettext_lazy("Warnzeichen"), "bolt": gettext_lazy("Blitz"), "archive": gettext_lazy("Kiste"),
    "people": gettext_lazy("Menschen"), "smile": gettext_lazy("Lächeln"), "globe": gettext_lazy("Erdkugel"), "image": gettext_lazy("Bild"),
    "megaphone": gettext_lazy("Megafon"), "download": gettext_lazy("Abfluss"), "note": gettext_lazy("Zettel"), "stop": gettext_lazy("Halt"),
    "shield": gettext_lazy("Schild"), "lock": gettext_lazy("Schloss"), "calendar": gettext_lazy("Kalender"), "clock": gettext_lazy("Uhr"),
    "book": gettext_lazy("Buch"), "phone": gettext_lazy("Telefon"), "help": gettext_lazy("Fragezeichen"), "more": gettext_lazy("Punkte"),
}  # fmt: skip
KINDS = {
    Category.Kind.PROBLEM: gettext_lazy("Mangel"),
    Category.Kind.IDEA: gettext_lazy("Idee"),
    Category.Kind.PRAISE: gettext_lazy("Lob"),
    Category.Kind.COMPLAINT: gettext_lazy("Beschwerde"),
}
VISIBILITIES = {
    Category.Visibility.PUBLIC: gettext_lazy("Öffentlich: nach einer Freigabe auf Karte und Seite"),
    Category.Visibility.INTERNAL: gettext_lazy("Intern: nur im Haus"),
    Category.Visibility.CONFIDENTIAL: gettext_lazy("Vertraulich: nur die genannten Personen"),
}
PLAIN = ("group", "kind", "icon", "team", "escalate_to", "days", "needs_place", "needs_photo", "radius", "alike_days", "visibility",
         "keep_days", "template", "active")  # fmt: skip
TEXTS = {
    "title": (gettext_lazy("Titel"), 60), "description": (gettext_lazy("Beschreibung"), 300),
    "synonyms": (gettext_lazy("Wörter, an denen wir sie erkennen"), 1_000),
    "danger": (gettext_lazy("Bei Gefahr zuerst sagen"), 300), "refusal": (gettext_lazy("Nicht meldbar: warum, und wohin stattdessen"), 600),
}  # fmt: skip
MOST_VALUES = 3  # number, category, state


def _number(label: Any, most: int, hint: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=most, help_text=hint)


class CategoryForm(forms.Form):
    group = forms.CharField(label=gettext_lazy("Gruppe"), max_length=60, required=False, help_text=gettext_lazy("Überschrift in Listen"))
    kind = forms.ChoiceField(label=gettext_lazy("Art"), choices=list(KINDS.items()))
    icon = forms.ChoiceField(label=gettext_lazy("Zeichen"), choices=list(ICONS.items()), widget=forms.RadioSelect)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"), required=False, empty_label=gettext_lazy("keines"))
    days = _number(gettext_lazy("Frist in Arbeitstagen"), 400, gettext_lazy("0: ohne Frist. Nach drei Vierteln wird erinnert."))
    escalate_to = forms.ModelChoiceField(
        Team.objects.none(), label=gettext_lazy("Nach der Frist erfährt es auch"), required=False, empty_label=gettext_lazy("niemand sonst")
    )
    needs_place = forms.BooleanField(label=gettext_lazy("Der Ort muss genannt werden"), required=False)
    needs_photo = forms.BooleanField(label=gettext_lazy("Ein Foto muss dabei sein"), required=False)
    radius = _number(gettext_lazy("Dasselbe innerhalb von … Metern"), 5_000, gettext_lazy("0: nie nach Doppelten fragen"))
    alike_days = _number(gettext_lazy("… und von … Tagen"), 730)
    visibility = forms.ChoiceField(
        label=gettext_lazy("Wer es sieht"), choices=list(VISIBILITIES.items()), widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Vertraulich ist ein Versprechen: Nur die Genannten sehen das Anliegen, in keiner Liste, Zahl, Suche oder Ausgabe sonst. "
            "Es lässt sich nicht zurücknehmen, solange dort Anliegen liegen."
        ),
    )  # fmt: skip
    people = forms.ModelMultipleChoiceField(
        Operator.objects.none(), label=gettext_lazy("Genannte Personen"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nur für vertrauliche Kategorien."),
    )  # fmt: skip
    keep_days = _number(
        gettext_lazy("Aufbewahren, Tage nach dem Abschluss"), 3_660,
        gettext_lazy("Danach werden Person, Worte und Bilder entfernt; Nummer und Zahlen bleiben."),
    )  # fmt: skip
    template = forms.ChoiceField(
        label=gettext_lazy("WhatsApp-Vorlage für den Stand"), required=False,
        help_text=gettext_lazy("Für alle, deren 24 Stunden vorbei sind. Felder der Reihe nach: Nummer, Kategorie, Stand."),
    )  # fmt: skip
    active = forms.BooleanField(label=gettext_lazy("Kann gemeldet werden"), required=False)

    def __init__(self, category: Category, data: Any = None) -> None:
        super().__init__(data, initial=_initial(category))
        self.category = category
        organisation = category.organisation
        self.languages = list(organisation.languages or ["de"])
        teams = Team.objects.filter(organisation=organisation)
        for name in ("team", "escalate_to"):
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = teams
        cast("forms.ModelMultipleChoiceField[Any]", self.fields["people"]).queryset = members(organisation)
        names = sorted({*approved.names(organisation, MOST_VALUES), *filter(None, [category.template])})
        cast(forms.ChoiceField, self.fields["template"]).choices = [("", _("keine")), *((name, name) for name in names)]
        for name, (label, most) in TEXTS.items():
            for place, language in enumerate(self.languages):
                self.fields[f"{name}_{language}"] = _text(name, f"{label}{_in(language, self.languages)}", most, place)

    def _of(self, *names: str) -> list[forms.BoundField]:
        return [self[f"{name}_{language}"] for language in self.languages for name in names]

    @property
    def words(self) -> list[forms.BoundField]:
        return self._of("title", "description", "synonyms")

    @property
    def warnings(self) -> list[forms.BoundField]:
        return self._of("danger")

    @property
    def refusals(self) -> list[forms.BoundField]:
        return self._of("refusal")

    def apply(self) -> Category:
        """Put what was written into the row; the caller saves it. Texts in languages that are switched off stay."""
        row, values = self.category, self.cleaned_data
        for name in PLAIN:
            setattr(row, name, values[name])
        for name in TEXTS:
            written: dict[str, Any] = {language: values[f"{name}_{language}"].strip() for language in self.languages}
            if name == "synonyms":
                written = {language: words_of(text) for language, text in written.items()}
            setattr(row, name, {language: text for language, text in {**getattr(row, name), **written}.items() if text})
        row.key = row.key or free_key(row)
        return row


def as_typed(category: Category, post: Any) -> CategoryForm:
    """The form with what was typed so far, not judged yet: a row was added or moved, nothing is saved."""
    form = CategoryForm(category)
    form.initial = {name: each.widget.value_from_datadict(post, cast(Any, {}), name) for name, each in form.fields.items()}
    return form


def words_of(text: str) -> list[str]:
    """Read words with commas or lines between them."""
    found = (word.strip()[:60] for word in text.replace("\n", ",").split(","))
    return list(dict.fromkeys(word for word in found if word))[:60]


def members(organisation: Organisation) -> Any:
    numbers = Membership.objects.filter(organisation=organisation).values("operator")
    return Operator.objects.filter(pk__in=numbers, is_active=True).order_by("name")


def free_key(category: Category) -> str:
    """Make the short name other systems know it by, from its first title."""
    stem = slugify(category.title_in(category.organisation.language).translate(GERMAN))[:34] or "kategorie"
    taken = set(Category.objects.filter(organisation=category.organisation_id, key__startswith=stem).values_list("key", flat=True))
    return next(key for key in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if key not in taken)


def _text(name: str, label: str, most: int, place: int) -> forms.CharField:
    widget = forms.TextInput() if name == "title" else forms.Textarea(attrs={"rows": 2})
    hint = (
        gettext_lazy("Mit Kommas dazwischen. Schreibt jemand so etwas, bieten wir die Meldung an.")
        if name == "synonyms" and not place
        else ""
    )
    return forms.CharField(label=label, max_length=most, required=name == "title" and place == 0, widget=widget, help_text=hint)


def _in(language: str, languages: list[str]) -> str:
    return f", {LANGUAGES.get(language, language)}" if len(languages) > 1 else ""


def _initial(category: Category) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(category, name) for name in PLAIN}
    values["people"] = list(category.people.values_list("pk", flat=True)) if category.pk else []
    for name in TEXTS:
        for language, text in getattr(category, name).items():
            values[f"{name}_{language}"] = ", ".join(text) if name == "synonyms" else text
    return values
