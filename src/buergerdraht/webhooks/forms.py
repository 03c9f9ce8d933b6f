"""What our people enter: the address, what it hears, and since when it is to hear again."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from buergerdraht.gateway.outward import LONGEST
from buergerdraht.webhooks.kinds import KINDS

SPANS = {"1": _("seit einer Stunde"), "24": _("seit einem Tag"), "168": _("seit einer Woche"), "720": _("seit 30 Tagen")}


class HookForm(forms.Form):
    name = forms.CharField(label=_("Welches System?"), max_length=80, help_text=_("Zum Beispiel: Fachverfahren Bauhof."))
    url = forms.CharField(
        label=_("Adresse"), max_length=LONGEST, help_text=_("Beginnt mit https:// und nimmt POST an. Ein Kennwort darin wird versiegelt."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    events = forms.MultipleChoiceField(
        label=_("Was es erfährt"), choices=[(what, kind.title) for what, kind in KINDS.items()], widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Wählen Sie mindestens ein Ereignis.")},
        help_text=_("Nur Nummern gehen hinaus, nie Namen oder Texte. Von Vertraulichem erfährt es nichts."),
    )  # fmt: skip


class AgainForm(forms.Form):
    since = forms.ChoiceField(label=_("Was geschehen ist"), choices=list(SPANS.items()))

    def span(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["since"]))
