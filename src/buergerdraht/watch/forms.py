"""Who is told of an alarm, and whom a channel's canary writes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.contacts.models import Address
from buergerdraht.contacts.reading import called
from buergerdraht.gateway.models import Channel
from buergerdraht.watch.actions import Way
from buergerdraht.watch.models import AlarmReceiver, Probe

LATELY = 300
MINUTES, WITHIN = (2, 5, 10, 15, 30, 60), (30, 60, 120, 300)


class ReceiverForm(forms.Form):
    """One way of being told: a colleague, another mailbox, or a machine's address."""

    operator = forms.ChoiceField(label=gettext_lazy("Kollegin oder Kollege"))
    email = forms.EmailField(
        label=gettext_lazy("E-Mail-Adresse"), max_length=254, help_text=gettext_lazy("Zum Beispiel das Postfach der Rufbereitschaft.")
    )
    url = forms.URLField(
        label=gettext_lazy("Webhook-Adresse"),
        max_length=500,
        assume_scheme="https",
        help_text=gettext_lazy("Beginnt mit https. Übertragen werden nur Kennungen und Zahlen, unterschrieben mit einem Geheimnis."),
    )
    faults_only = forms.BooleanField(label=gettext_lazy("Nur Störungen, keine Hinweise"), required=False)

    def __init__(self, organisation: Organisation, way: str, data: Any = None) -> None:
        super().__init__(data, prefix=None, auto_id=f"{way}-%s")
        self.organisation, self.way = organisation, way
        for name in ("operator", "email", "url"):
            if name != {"webhook": "url"}.get(way, way):
                del self.fields[name]
        if way == "operator":
            self.people = {str(one.pk): one for one in _colleagues(organisation)}
            self.fields["operator"] = forms.ChoiceField(
                label=self.fields["operator"].label, choices=[(key, f"{one.name} ({one.email})") for key, one in self.people.items()]
            )

    @property
    def possible(self) -> bool:
        """There is somebody left to choose."""
        return self.way != "operator" or bool(self.people)

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if AlarmReceiver.objects.filter(organisation=self.organisation, email=email).exists():
            raise forms.ValidationError(_("Diese Adresse wird schon benachrichtigt."))
        return email

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if urlsplit(url).username or urlsplit(url).password:
            raise forms.ValidationError(_("Die Adresse darf kein Kennwort enthalten. Das Geheimnis erzeugt Bürgerdraht."))
        if any(one.url == url for one in AlarmReceiver.objects.filter(organisation=self.organisation, way="webhook")):
            raise forms.ValidationError(_("Diese Adresse wird schon benachrichtigt."))
        return url

    @property
    def first(self) -> str:
        """The field that says who."""
        return next(iter(self.fields))

    @property
    def as_way(self) -> Way:
        values = self.cleaned_data
        to = self.people[values["operator"]] if self.way == "operator" else None
        return Way(to=to, email=values.get("email", ""), url=values.get("url", ""))


def _colleagues(organisation: Organisation) -> list[Operator]:
    """Who may be told: those who manage here and are not told yet."""
    told = AlarmReceiver.objects.filter(organisation=organisation, way="operator").values_list("operator", flat=True)
    members = Membership.objects.filter(organisation=organisation, operator__is_active=True).exclude(operator__in=list(told))
    return [one.operator for one in members.select_related("operator").order_by("operator__name") if may(one, Right.MANAGE)]


class ProbeForm(forms.Form):
    """The duty phone, chosen among those who wrote to this channel; nobody types a number."""

    address = forms.ChoiceField(label=gettext_lazy("Prüfgerät"), widget=forms.RadioSelect)
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("Wie oft"),
        coerce=int,
        choices=[(n, ngettext_lazy("jede Minute", "alle %(n)d Minuten", n) % {"n": n}) for n in MINUTES],
        initial=5,
    )
    within = forms.TypedChoiceField(
        label=gettext_lazy("Alarm, wenn sie nicht zurück ist nach"),
        coerce=int,
        choices=[(n, ngettext_lazy("%(n)d Sekunde", "%(n)d Sekunden", n) % {"n": n}) for n in WITHIN],
        initial=60,
    )

    def __init__(self, channel: Channel, probe: Probe | None, words: str = "", data: Any = None) -> None:
        initial = {"address": probe.address_id, "minutes": probe.minutes, "within": probe.within} if probe else {}
        super().__init__(data, initial=initial)
        self.people = {str(one.pk): one for one in phones(channel, probe, words)}
        self.fields["address"] = forms.ChoiceField(
            label=self.fields["address"].label,
            widget=forms.RadioSelect,
            choices=[(key, _named(one)) for key, one in self.people.items()],
        )

    @property
    def chosen(self) -> Address:
        return self.people[self.cleaned_data["address"]]


def phones(channel: Channel, probe: Probe | None, words: str = "") -> Sequence[Address]:
    """Who wrote to this channel lately, the one chosen now in front; by name or number."""
    rows = Address.objects.filter(channel=channel, state=Address.State.ACTIVE, last_inbound_at__isnull=False).select_related("contact")
    words = words.strip().lower()
    found = [one for one in rows.order_by("-last_inbound_at")[:LATELY] if not words or words in f"{one.handle} {one.contact.name}".lower()]
    now = [probe.address] if probe else []
    return [*now, *(one for one in found[:8] if not now or one.pk != now[0].pk)]


def _named(address: Address) -> str:
    return " · ".join(dict.fromkeys(word for word in (called(address.contact), address.handle) if word))
