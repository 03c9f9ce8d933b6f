"""The forms beside the list of cases: filters as they stand in the address, a change of many, a move on the board, a kept view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Membership, Organisation, Team
from buergerdraht.cases import listing, states
from buergerdraht.cases.models import Case, Category
from buergerdraht.contacts.models import District
from buergerdraht.conversations.forms import colleagues

WHATEVER = ("", gettext_lazy("alle"))
STATES = [
    (listing.OPEN, gettext_lazy("offene")),
    (listing.ALL, gettext_lazy("alle")),
    (listing.CLOSED, gettext_lazy("abgeschlossene")),
    *states.TITLES.items(),
]
ORDERS = [
    (listing.NEWEST, gettext_lazy("neueste zuerst")),
    (listing.OLDEST, gettext_lazy("älteste zuerst")),
    (listing.DEADLINE, gettext_lazy("nach Frist")),
    (listing.CHANGED, gettext_lazy("zuletzt geändert")),
]
DUE = [WHATEVER, (listing.OVERDUE, gettext_lazy("überfällig")), (listing.SOON, gettext_lazy("bald fällig"))]
PUBLIC = [
    WHATEVER,
    (Case.Public.RELEASED, gettext_lazy("öffentlich")),
    (Case.Public.HIDDEN, gettext_lazy("nicht öffentlich")),
    (Case.Public.WITHDRAWN, gettext_lazy("zurückgezogen")),
]
GONE = gettext_lazy("Diese Auswahl gibt es nicht (mehr).")
Choices = Iterable[tuple[Any, Any]]


class Choice(forms.ChoiceField):
    """A filter: never required, and without a difference between small and unknown in what it says."""

    def __init__(self, label: Any, choices: Choices = ()) -> None:
        super().__init__(label=label, choices=list(choices), required=False, error_messages={"invalid_choice": GONE})


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, error_messages={"invalid": gettext_lazy("Das ist kein Tag.")})


class FilterForm(forms.Form):
    """The filters; what the address leaves out is as usual. Its fields are those of listing.Asked."""

    worte = forms.CharField(
        label=gettext_lazy("Worte, Ort oder Nummer"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    stand = Choice(gettext_lazy("Stand"), STATES)
    kategorie = Choice(gettext_lazy("Kategorie"))
    team = Choice(gettext_lazy("Team"))
    wer = Choice(gettext_lazy("Bearbeitung"))
    gruppe = Choice(gettext_lazy("Gruppe"))
    ortsteil = Choice(gettext_lazy("Ortsteil"))
    prio = Choice(gettext_lazy("Priorität"))
    frist = Choice(gettext_lazy("Frist"), DUE)
    herkunft = Choice(gettext_lazy("Herkunft"))
    oeffentlich = Choice(gettext_lazy("Öffentlichkeit"), PUBLIC)
    von = _day(gettext_lazy("eingegangen von"))
    bis = _day(gettext_lazy("eingegangen bis"))
    sortierung = Choice(gettext_lazy("Reihenfolge"), ORDERS)

    def __init__(self, membership: Membership, given: Mapping[str, Any]) -> None:
        super().__init__({**listing.USUAL, **{name: given[name] for name in self.base_fields if given.get(name)}})
        self.membership = membership
        organisation = membership.organisation_id
        categories = list(Category.objects.filter(organisation=organisation).only("key", "title", "group", "position"))
        groups = dict.fromkeys(each.group for each in categories if each.group)
        _choose(self, "kategorie", [WHATEVER, *((each.key, each.title_in("de")) for each in categories)])
        _choose(self, "gruppe", [WHATEVER, *((each, each) for each in groups)])
        teams = Team.objects.filter(organisation=organisation).order_by("name").values_list("pk", "name")
        own = [(listing.MINE, _("meine Teams")), (listing.NOWHERE, _("ohne Team"))]
        _choose(self, "team", [WHATEVER, *own, *teams])
        people = colleagues(membership.organisation).values_list("pk", "name")
        _choose(self, "wer", [WHATEVER, (listing.MINE, _("ich")), (listing.NOBODY, _("niemand")), *people])
        districts = District.objects.filter(organisation=organisation).order_by("name").values_list("pk", "name")
        _choose(self, "ortsteil", [WHATEVER, *districts, (listing.NOWHERE, _("ohne Ortsteil"))])
        _choose(self, "prio", [WHATEVER, *((number, words) for number, (_tone, words) in listing.PRIORITIES.items())])
        _choose(self, "herkunft", [WHATEVER, *listing.ORIGINS.items()])

    @property
    def asked(self) -> listing.Asked:
        """What was asked for; what could not be read is left out and said beside its field."""
        if not hasattr(self, "_asked"):
            self.is_valid()
            self._asked = listing.Asked(**{name: value for name, value in self.cleaned_data.items() if value})
        return self._asked

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in ("stand", "kategorie", "team")]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in ("wer", "gruppe", "ortsteil", "prio", "frist", "herkunft", "oeffentlich", "von", "bis")]

    @property
    def unfolded(self) -> bool:
        """Whether one of the further filters is set, or wrong."""
        return any(each.value() or each.errors for each in self.more)


def _choose(form: forms.Form, name: str, choices: Choices) -> None:
    cast("forms.ChoiceField", form.fields[name]).choices = list(choices)


# ── Moves ─────────────────────────────────────────────────────────────────


def _told() -> tuple[forms.Field, forms.Field]:
    words = forms.CharField(
        label=gettext_lazy("Ein Wort an die Beteiligten"), required=False, max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Steht in der Nachricht, die den neuen Stand meldet."),
    )  # fmt: skip
    return words, forms.BooleanField(label=gettext_lazy("Beteiligte benachrichtigen"), required=False, initial=True)


class MoveForm(forms.Form):
    """Another state, with words to those who follow."""

    nach = forms.ChoiceField(label=gettext_lazy("Neuer Stand"), widget=forms.RadioSelect)
    worte, sagen = _told()

    def __init__(self, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "nach", moves(states.FOLLOWS[case.state]))


def moves(wanted: Iterable[str]) -> list[tuple[str, Any]]:
    """States by name, in their order. "Doppelt" needs another case and so is never one of a list."""
    return [(state, words) for state, words in states.TITLES.items() if state in wanted and state != Case.State.DUPLICATE]


# ── Many at once ──────────────────────────────────────────────────────────

TEAM, HOLDER, STATE, PRIORITY = "team", "person", "stand", "prio"
VERBS = [
    (HOLDER, gettext_lazy("Zuweisen")),
    (TEAM, gettext_lazy("An ein Team weitergeben")),
    (STATE, gettext_lazy("Stand ändern")),
    (PRIORITY, gettext_lazy("Priorität ändern")),
]


class ManyForm(forms.Form):
    """What is to be changed of several cases: the fields of one verb."""

    def __init__(self, verb: str, organisation: Organisation, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.verb = verb
        if verb == TEAM:
            self.fields["ziel"] = forms.ModelChoiceField(
                Team.objects.filter(organisation=organisation).order_by("name"), label=_("Team"), empty_label=_("bitte wählen")
            )
            self.fields["worte"] = forms.CharField(
                label=_("Vermerk für das Team"), required=False, max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("Bleibt im Haus."),
            )  # fmt: skip
        elif verb == HOLDER:
            self.fields["ziel"] = forms.ModelChoiceField(
                colleagues(organisation), label=_("Person"), required=False, empty_label=_("niemand"),
                help_text=_("Wer verreist ist, wird vertreten: Dann geht es an die Vertretung."),
            )  # fmt: skip
        elif verb == STATE:
            self.fields["ziel"] = forms.ChoiceField(label=_("Neuer Stand"), choices=[("", _("bitte wählen")), *moves(states.TITLES)])
            self.fields["worte"], self.fields["sagen"] = _told()
        elif verb == PRIORITY:
            choices = [(number, words) for number, (_tone, words) in listing.PRIORITIES.items()]
            self.fields["ziel"] = forms.TypedChoiceField(label=_("Priorität"), choices=choices, coerce=int, initial=Case.Priority.NORMAL)


class KeepForm(forms.Form):
    """Keep the filters under a name."""

    name = forms.CharField(label=gettext_lazy("Name der Ansicht"), max_length=60)
    alle = forms.BooleanField(label=gettext_lazy("für alle im Haus"), required=False)
