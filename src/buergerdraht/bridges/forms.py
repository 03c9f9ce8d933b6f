"""What is filled in for a bridge: common to all, and what each kind needs. A secret that is left empty stays as it is."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from yarl import URL

from buergerdraht.accounts.models import Organisation
from buergerdraht.bridges import letters, words
from buergerdraht.bridges.actions import Setup
from buergerdraht.bridges.kinds import open311
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge
from buergerdraht.cases import ground
from buergerdraht.cases.models import Category
from buergerdraht.gateway import outward

KEPT = gettext_lazy("Er wird verschlüsselt aufbewahrt und nie wieder angezeigt.")
DISCOVERY = re.compile(r"/discovery\.(json|xml)$")


def _secret(label: Any, hint: Any = KEPT, *, required: bool = True) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=400, widget=widget, help_text=hint, required=required)


def _plain(label: Any, hint: Any = "", *, most: int = 200, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, help_text=hint, required=required, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def _address(label: Any, hint: Any) -> forms.CharField:
    widget = forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=300, widget=widget, help_text=hint)


class BridgeForm(forms.Form):
    """What all kinds have in common."""

    SECRETS: ClassVar[tuple[str, ...]] = ()  # fields that are kept where they are left empty
    HOST: ClassVar[str] = ""  # the field that says where the secrets go
    HOMES: ClassVar[dict[str, str]] = {}  # and for those that go elsewhere
    ACCOUNT: ClassVar[tuple[str, ...]] = ()  # all fields of Config, in the order of the page
    PARTS: ClassVar[tuple[tuple[Any, str], ...]] = ()  # where another part of the page begins: its title, its first field

    name = _plain(gettext_lazy("Name"), gettext_lazy("So heißt die Stelle beim Anliegen: Stadtwerke, Straßenmeisterei"), most=80)
    answers = forms.BooleanField(
        label=gettext_lazy("Antworten von dort gehen an die Bürger"), required=False, initial=True,
        help_text=gettext_lazy("Sonst werden sie eine interne Notiz, und jemand von hier antwortet."),
    )  # fmt: skip
    closes = forms.BooleanField(
        label=gettext_lazy("Was dort erledigt ist, ist auch hier erledigt"), required=False, initial=True,
        help_text=gettext_lazy("Sonst steht es als Notiz beim Anliegen."),
    )  # fmt: skip
    pictures = forms.BooleanField(
        label=gettext_lazy("Bilder gehen mit"), required=False, initial=True,
        help_text=gettext_lazy("Immer mit abgedeckten Gesichtern und Kennzeichen, nie das Original."),
    )  # fmt: skip
    released_only = forms.BooleanField(
        label=gettext_lazy("Nur der freigegebene Text geht mit"), required=False,
        help_text=gettext_lazy("Sonst der Wortlaut der Meldung. Name und Erreichbarkeit gehen nie mit."),
    )  # fmt: skip
    categories = forms.ModelMultipleChoiceField(
        Category.objects.none(), label=gettext_lazy("Von selbst weitergeben"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Neue Anliegen dieser Kategorien gehen sofort dorthin. Vertrauliche gehen nie von selbst."),
    )  # fmt: skip

    neighbours = forms.MultipleChoiceField(
        label=gettext_lazy("Orte dieser Nachbarn"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Liegt ein Ort dort, geht das Anliegen von selbst hinüber, sobald es angenommen ist."),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, bridge: Bridge | None, data: Any = None) -> None:
        self.bridge, self.before = bridge, _opened(bridge) if bridge else {}
        super().__init__(data, initial=self._initial(bridge))
        rows = Category.objects.filter(organisation=organisation, active=True).exclude(visibility=Category.Visibility.CONFIDENTIAL)
        cast("forms.ModelMultipleChoiceField[Any]", self.fields["categories"]).queryset = rows
        names = [row["name"] for row in ground.of(organisation).neighbours] + (bridge.neighbours if bridge else [])
        cast("forms.MultipleChoiceField", self.fields["neighbours"]).choices = [(name, name) for name in dict.fromkeys(names)]
        for field in self.SECRETS:
            if self.before.get(field):
                self.fields[field].required = False
                self.fields[field].help_text = _("Gesetzt. Leer lassen, um es zu behalten.")

    def _initial(self, bridge: Bridge | None) -> dict[str, Any]:
        if bridge is None:
            return {}
        shown = {key: value for key, value in self.before.items() if key not in self.SECRETS}
        return shown | {
            "name": bridge.name, "answers": bridge.answers, "closes": bridge.closes, "pictures": bridge.pictures,
            "released_only": bridge.released_only, "categories": list(bridge.categories.values_list("pk", flat=True)),
            "neighbours": bridge.neighbours,
        }  # fmt: skip

    def clean_url(self) -> str:
        return checked(self.cleaned_data["url"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for field in self.SECRETS:
            home = self.HOMES.get(field, self.HOST)
            moved = bool(self.before) and bool(home) and _host(values.get(home)) != _host(self.before.get(home))
            if moved and not values.get(field) and self.before.get(field):  # it belongs to the other machine
                self.add_error(field, _("Die Adresse zeigt auf einen anderen Rechner. Bitte tragen Sie es neu ein."))
        return values

    def _post_clean(self) -> None:
        """Say of a secret that was given that it is to be given once more: a page that comes back never holds it."""
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            return
        for field in self.SECRETS:
            if self.data.get(field) and field not in self.errors:
                self.add_error(field, _("Bitte noch einmal eintragen: Geheimes schicken wir nicht zurück."))

    @property
    def account(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Give the fields by parts of the page; the first part has the name, too."""
        titles = {field: title for title, field in self.PARTS}
        parts: list[tuple[Any, list[forms.BoundField]]] = [(_("Wohin"), [self["name"]])]
        for name in self.ACCOUNT:
            if name in titles:
                parts.append((titles[name], []))
            parts[-1][1].append(self[name])
        return parts

    @property
    def setup(self) -> Setup:
        values = self.cleaned_data
        config = {name: values.get(name, "") for name in self.ACCOUNT}
        config |= {name: values.get(name) or self.before.get(name, "") for name in self.SECRETS}
        return Setup(
            name=values["name"], config=config, answers=values["answers"], closes=values["closes"],
            released_only=values["released_only"], pictures=values["pictures"], categories=list(values["categories"]),
            neighbours=list(values["neighbours"]),
        )  # fmt: skip


class MailForm(BridgeForm):
    SECRETS = ("password", "smtp_password")
    HOST = "host"
    HOMES: ClassVar[dict[str, str]] = {"smtp_password": "smtp_host"}
    ACCOUNT = (
        "to", "own", "also", "host", "port", "tls", "name_there", "password", "folder", "smtp_host", "smtp_port", "smtp_tls", "smtp_name",
        "smtp_password",
    )  # fmt: skip
    PARTS = ((gettext_lazy("Antworten lesen (IMAP)"), "host"), (gettext_lazy("Über einen eigenen Server senden (SMTP)"), "smtp_host"))

    to = forms.EmailField(label=gettext_lazy("Adresse der Stelle"), max_length=200)
    own = forms.EmailField(
        label=gettext_lazy("Eigenes Postfach"), max_length=120,
        help_text=gettext_lazy(
            "Absender und Ziel der Antworten: anliegen@stadt.example. Es muss Adressen mit Zusatz annehmen: anliegen+…@stadt.example"
        ),
    )  # fmt: skip
    also = _plain(
        gettext_lazy("Auch von diesen Adressen"), required=False, most=400,
        hint=gettext_lazy("Wer außer der Stelle selbst antworten darf, mit Komma: vertretung@amt.example, @amt.example"),
    )  # fmt: skip
    host = _plain(gettext_lazy("IMAP-Server"), gettext_lazy("Leer: Es wird nur gesendet, Antworten liest hier niemand."), required=False)
    port = forms.IntegerField(label=gettext_lazy("Anschluss (Port)"), min_value=1, max_value=65535, initial=993)
    tls = forms.BooleanField(
        label=gettext_lazy("Verschlüsselt (TLS)"), required=False, initial=True,
        help_text=gettext_lazy("Ohne geht es nur in Netzen, die die Installation freigibt."),
    )  # fmt: skip
    name_there = _plain(gettext_lazy("Anmeldename"), required=False)
    password = _secret(
        gettext_lazy("Kennwort"), required=False, hint=gettext_lazy("Es wird verschlüsselt aufbewahrt und nie wieder angezeigt.")
    )
    folder = _plain(gettext_lazy("Ordner"), required=False, most=100)
    smtp_host = _plain(
        gettext_lazy("SMTP-Server"), required=False, hint=gettext_lazy("Leer: Gesendet wird über den Mailserver der Installation.")
    )
    smtp_port = forms.IntegerField(
        label=gettext_lazy("Anschluss (Port) zum Senden"), min_value=1, max_value=65535, initial=587, required=False,
        help_text=gettext_lazy("587 (STARTTLS) oder 465 (TLS)."),
    )  # fmt: skip
    smtp_tls = forms.BooleanField(
        label=gettext_lazy("Verschlüsselt senden (TLS)"), required=False, initial=True,
        help_text=gettext_lazy("Ohne geht es nur in Netzen, die die Installation freigibt."),
    )  # fmt: skip
    smtp_name = _plain(gettext_lazy("Anmeldename zum Senden"), required=False)
    smtp_password = _secret(
        gettext_lazy("Kennwort zum Senden"), required=False, hint=gettext_lazy("Es wird verschlüsselt aufbewahrt und nie wieder angezeigt.")
    )

    def __init__(self, organisation: Organisation, bridge: Bridge | None, data: Any = None) -> None:
        super().__init__(organisation, bridge, data)
        self.fields["folder"].initial = "INBOX"

    def _initial(self, bridge: Bridge | None) -> dict[str, Any]:
        return {**super()._initial(bridge), "name_there": self.before.get("name", "")} if bridge else {}

    def clean_own(self) -> str:
        own = str(self.cleaned_data["own"]).strip().lower()
        if "+" in own:
            raise ValidationError(_("Bitte die Adresse ohne Zusatz: Den setzen wir selbst."))
        return own

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("host") and not (values.get("name_there") and (values.get("password") or self.before.get("password"))):
            self.add_error("name_there", _("Zum Lesen des Postfachs braucht es Anmeldename und Kennwort."))
        if values.get("to") and values.get("own") == str(values["to"]).lower():
            self.add_error("own", _("Das eigene Postfach kann nicht die Stelle selbst sein: Antworten gingen im Kreis."))
        return values

    @property
    def setup(self) -> Setup:
        found = super().setup
        config = {key: value for key, value in found.config.items() if key != "name_there"}
        config |= {"name": self.cleaned_data["name_there"], "folder": self.cleaned_data["folder"] or "INBOX"}
        config |= {"smtp_port": self.cleaned_data["smtp_port"] or 587}
        return Setup(**{**found.__dict__, "config": config})


class ZammadForm(BridgeForm):
    SECRETS = ("token", "secret")
    HOST = "url"
    ACCOUNT = ("url", "token", "group", "customer", "closed", "secret")

    url = _address(gettext_lazy("Adresse von Zammad"), gettext_lazy("Ohne Pfad: https://zammad.stadt.example"))
    token = _secret(gettext_lazy("Zugangstoken"), gettext_lazy("In Zammad unter Profil › Token-Zugriff, mit dem Recht „ticket.agent“."))
    group = _plain(gettext_lazy("Gruppe"), gettext_lazy("In die neue Vorgänge kommen, genau wie sie dort heißt."))
    customer = forms.EmailField(
        label=gettext_lazy("Kunde für alle Anliegen"), max_length=200,
        help_text=gettext_lazy("Eine neutrale Adresse, etwa anliegen@stadt.example: Angaben der Bürger gehen nicht mit."),
    )  # fmt: skip
    closed = _plain(gettext_lazy("Wie „geschlossen“ dort heißt"), most=60, required=False)
    secret = _secret(
        gettext_lazy("HMAC-SHA1-Token des Webhooks"), required=False,
        hint=gettext_lazy("Dasselbe tragen Sie in Zammad beim Webhook ein. Ohne kommt nichts zurück."),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, bridge: Bridge | None, data: Any = None) -> None:
        super().__init__(organisation, bridge, data)
        self.fields["closed"].initial = "closed"

    def clean_closed(self) -> str:
        return str(self.cleaned_data["closed"]) or "closed"


class Open311Form(BridgeForm):
    SECRETS = ("api_key",)
    HOST = "url"
    ACCOUNT = ("url", "jurisdiction", "api_key", "form", "photos", "updates")

    url = _address(
        gettext_lazy("Adresse"),
        gettext_lazy("Des Dienstes („…/open311/v2“) oder seiner Selbstauskunft („…/discovery.json“): Dann lesen wir den Rest dort."),
    )
    jurisdiction = _plain(
        gettext_lazy("Zuständigkeit (jurisdiction_id)"), gettext_lazy("Nur, wenn der Dienst für mehrere Behörden spricht."), required=False
    )
    api_key = _secret(gettext_lazy("Schlüssel (api_key)"), required=False)
    form = forms.ChoiceField(label=gettext_lazy("Format"), choices=[("json", "JSON"), ("xml", "XML")])
    photos = forms.ChoiceField(
        label=gettext_lazy("Wie Bilder mitgehen"),
        choices=[
            ("none", gettext_lazy("gar nicht")),
            ("link", gettext_lazy("als Verweis, wenn freigegeben")),
            ("upload", gettext_lazy("als Datei")),
        ],
    )  # fmt: skip
    updates = forms.BooleanField(
        label=gettext_lazy("Der Dienst tauscht Nachträge aus (servicerequestupdates)"), required=False,
        help_text=gettext_lazy("Eine Erweiterung, die nicht jeder Dienst hat."),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, bridge: Bridge | None, data: Any = None) -> None:
        super().__init__(organisation, bridge, data)
        if bridge is None:
            self.fields["answers"].initial = False  # their status notes are often shorthand

    def _initial(self, bridge: Bridge | None) -> dict[str, Any]:
        held = self.before.get("pictures", "none")
        return {**super()._initial(bridge), "photos": held} if bridge else {}

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        url = str(values.get("url", ""))
        if DISCOVERY.search(url):
            try:
                found, form = open311.discover(url)
                values["url"], values["form"] = checked(found), form
            except Trouble as trouble:
                self.add_error("url", words.problem(trouble.problem))
            except ValidationError as problem:
                self.add_error("url", problem)
        return values

    @property
    def setup(self) -> Setup:
        found = super().setup
        config = {key: value for key, value in found.config.items() if key != "photos"} | {"pictures": self.cleaned_data["photos"]}
        return Setup(**{**found.__dict__, "config": config})


FORMS: dict[str, type[BridgeForm]] = {"mail": MailForm, "zammad": ZammadForm, "open311": Open311Form}


class MappingForm(forms.Form):
    """What our categories are called there."""

    def __init__(self, bridge: Bridge, data: Any = None) -> None:
        self.categories = list(Category.objects.filter(organisation=bridge.organisation_id, active=True))
        super().__init__(data, initial={category.key: bridge.mapping.get(category.key, "") for category in self.categories})
        choices = [("", _("nicht dorthin")), *((each["code"], f"{each['name']} ({each['code']})") for each in bridge.services)]
        known = {code for code, _title in choices}
        for category in self.categories:
            held = bridge.mapping.get(category.key, "")
            more = [(held, _("%(code)s (gibt es dort nicht mehr)") % {"code": held})] if held not in known else []
            self.fields[category.key] = forms.ChoiceField(label=category.title_in("de"), choices=[*choices, *more], required=False)

    @property
    def mapping(self) -> dict[str, str]:
        return {category.key: self.cleaned_data.get(category.key, "") for category in self.categories}


def checked(text: str) -> str:
    """Look at an address, and give it as it is kept. Raises ValidationError with a sentence."""
    try:
        parts = URL(text.strip())
        plain = str(parts).rstrip("/")
        outward.refuse(plain, getattr(settings, "CALL_NETWORKS", []), plain=True)
    except (ValueError, outward.Undelivered):
        raise ValidationError(_("Diese Adresse darf nicht aufgerufen werden: Sie ist keine öffentliche https-Adresse.")) from None
    if parts.scheme == "http" and not getattr(settings, "CALL_NETWORKS", []):
        raise ValidationError(_("Die Adresse muss mit https beginnen. Ohne Verschlüsselung geht es nur im eigenen Netz."))
    if parts.raw_query_string or parts.raw_fragment:
        raise ValidationError(_("Bitte nur die Adresse bis zum Pfad, ohne „?“ und „#“."))
    return plain


def _host(value: Any) -> str:
    text = str(value or "")
    try:
        return str(URL(text).origin()) if "://" in text else text.lower()
    except ValueError:
        return text


def _opened(bridge: Bridge) -> dict[str, Any]:
    try:
        found: dict[str, Any] = letters.config(bridge).model_dump()
    except Trouble:
        return {}
    return found
