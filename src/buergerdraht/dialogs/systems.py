"""The authority's own systems that dialogs may call: where they stand, what proves that it is us, who changed it.

Address and secrets are the administrator's. A secret is written and never shown again, and it does not go along to another host: with
a new address it has to be entered anew. Inner networks can be chosen only among those that the installation allows.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from yarl import URL

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.dialogs.models import Dialog, System
from buergerdraht.gateway import outward

MOST = 100
MOST_SECRETS, LONGEST_SECRET = 10, 4_000
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
OURS = frozenset(  # what we say ourselves, or what would change how a request is read
    {"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "accept", "accept-encoding", "te",
     "trailer", "upgrade", "expect", "keep-alive", "proxy-authorization", "proxy-connection"}
)  # fmt: skip
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Entry(NamedTuple):
    """What is written down of a system."""

    title: str
    url: str
    networks: Sequence[str] = ()


# ── What is there ─────────────────────────────────────────────────────────


def grantable() -> list[Network]:
    """The inner networks that this installation allows its organisations to name."""
    found: list[Network] = getattr(settings, "CALL_NETWORKS", [])
    return found


def networks_of(system: System) -> list[Network]:
    """The inner networks a system may stand in; what the installation no longer allows does not count."""
    allowed = grantable()
    return [network for network in map(ipaddress.ip_network, system.networks) if _inside(network, allowed)]


def headers_of(system: System) -> dict[str, str]:
    """The secret headers, for the call alone."""
    found: dict[str, str] = json.loads(system.secrets) if system.secrets else {}
    return found


def documents(organisation: Organisation) -> Iterator[tuple[Dialog, list[Any]]]:
    """Every dialog that is not archived, with the steps of its draft and of what is live."""
    for dialog in Dialog.objects.filter(organisation=organisation, archived_at=None).select_related("live"):
        live = dialog.live.document.get("steps", []) if dialog.live else []
        yield dialog, [step for step in [*dialog.draft.get("steps", []), *live] if isinstance(step, Mapping)]


def used_by(organisation: Organisation, key: str) -> list[Dialog]:
    """The dialogs that call a system."""
    return [
        dialog
        for dialog, steps in documents(organisation)
        if any(step.get("kind") == "call" and step.get("system") == key for step in steps)
    ]


# ── Verbs ─────────────────────────────────────────────────────────────────


@transaction.atomic
def add(organisation: Organisation, key: str, entry: Entry, *, operator: Operator) -> System:
    """Add a system. Raises ValidationError with a German sentence."""
    if System.objects.filter(organisation=organisation).count() >= MOST:
        raise ValidationError(_("Mehr als %(n)s Systeme sind nicht vorgesehen.") % {"n": MOST})
    url = checked(entry)
    try:
        with transaction.atomic():
            system = System.objects.create(organisation=organisation, key=key, title=entry.title, url=url, networks=list(entry.networks))
    except IntegrityError:
        raise ValidationError({"key": _("Ein System mit diesem Kürzel gibt es schon.")}) from None
    _noted(system, "add_system", operator, host=URL(url).host)
    return system


@transaction.atomic
def change(system: System, entry: Entry, *, operator: Operator) -> bool:
    """Change title, address or networks. Returns whether the secrets were dropped, because they belong to another place."""
    row = _locked(system)
    url = checked(entry)
    moved = bool(row.secrets) and URL(url).origin() != URL(row.url).origin()
    changed = [
        name for name, value in (("title", entry.title), ("url", url), ("networks", list(entry.networks))) if getattr(row, name) != value
    ]
    if not changed:
        return False
    row.title, row.url, row.networks = entry.title, url, list(entry.networks)
    if moved:
        row.secrets = ""
    row.save()
    _noted(row, "change_system", operator, changed=changed, host=URL(url).host, secrets_dropped=moved)
    return moved


@transaction.atomic
def set_secret(system: System, name: str, value: str, *, operator: Operator) -> None:
    """Set a secret header. Raises ValidationError for one that we must not send."""
    name, value = name.strip(), value.strip()
    if not HEADER.fullmatch(name) or name.lower() in OURS:
        raise ValidationError({"name": _("So kann eine Kopfzeile nicht heißen. Üblich ist „Authorization“ oder „X-Api-Key“.")})
    if not value or len(value) > LONGEST_SECRET or not all(" " <= sign <= "~" for sign in value):
        raise ValidationError(
            {"value": _("Der Wert darf nur Buchstaben, Ziffern und übliche Zeichen enthalten, ohne Umlaute und Zeilenumbruch.")}
        )
    row = _locked(system)
    kept = {other: held for other, held in headers_of(row).items() if other.lower() != name.lower()}
    if len(kept) >= MOST_SECRETS:
        raise ValidationError(_("Mehr als %(n)s geheime Kopfzeilen sind nicht vorgesehen.") % {"n": MOST_SECRETS})
    row.secrets = json.dumps({**kept, name: value})
    row.save(update_fields=["secrets", "changed_at"])
    _noted(row, "set_secret", operator, header=name)


@transaction.atomic
def drop_secret(system: System, name: str, *, operator: Operator) -> None:
    """Remove a secret header."""
    row = _locked(system)
    kept = headers_of(row)
    if kept.pop(name, None) is not None:
        row.secrets = json.dumps(kept) if kept else ""
        row.save(update_fields=["secrets", "changed_at"])
        _noted(row, "drop_secret", operator, header=name)


@transaction.atomic
def switch(system: System, active: bool, *, operator: Operator) -> None:
    """Let dialogs call a system, or keep them from it: then they go the way of a failure at once."""
    row = _locked(system)
    if row.active != active:
        row.active = active
        row.save(update_fields=["active", "changed_at"])
        _noted(row, "switch_system", operator, active=active)


@transaction.atomic
def remove(system: System, *, operator: Operator) -> None:
    """Remove a system with the list of its calls. Refused while a dialog calls it."""
    row = _locked(system)
    if users := used_by(row.organisation, row.key):
        raise ValidationError(_("Dieses System wird noch gebraucht: %(titles)s.") % {"titles": ", ".join(each.title for each in users[:5])})
    _noted(row, "remove_system", operator, key=row.key)
    row.delete()


def checked(entry: Entry) -> str:
    """Look at an address, and give it as it is kept. Raises ValidationError with a German sentence."""
    _look_at_networks(entry.networks)
    networks = list(map(ipaddress.ip_network, entry.networks))
    try:
        parts = URL(entry.url.strip())
        plain = str(parts)
    except ValueError:
        raise ValidationError({"url": _("Das ist keine Webadresse.")}) from None
    if parts.user is not None or parts.password is not None:
        raise ValidationError({"url": _("Die Adresse darf kein Kennwort enthalten. Tragen Sie es als geheime Kopfzeile ein.")})
    if parts.raw_query_string or parts.raw_fragment or "?" in entry.url or "#" in entry.url:
        raise ValidationError({"url": _("Bitte nur die Adresse bis zum Pfad, ohne „?“ und „#“. Das Weitere steht im Dialog.")})
    if parts.scheme == "http" and not networks:
        raise ValidationError({"url": _("Die Adresse muss mit https beginnen. Ohne Verschlüsselung geht es nur im eigenen Netz.")})
    try:
        outward.refuse(plain, networks, plain=True)
    except outward.Undelivered:
        raise ValidationError({"url": _("Diese Adresse darf nicht aufgerufen werden: Sie ist keine öffentliche https-Adresse.")}) from None
    if len(plain) > 300:
        raise ValidationError({"url": _("Die Adresse ist zu lang.")})
    return plain.rstrip("/")


def _look_at_networks(names: Sequence[str]) -> None:
    try:
        wrong = [name for name in names if not _inside(ipaddress.ip_network(name), grantable())]
    except ValueError:
        wrong = list(names)
    if wrong:
        raise ValidationError({"networks": _("Diese Netze gibt die Installation nicht frei: %(names)s.") % {"names": ", ".join(wrong)}})


def _inside(network: Network, allowed: Sequence[Network]) -> bool:
    return any(network.version == each.version and network.subnet_of(each) for each in allowed)  # type: ignore[arg-type]


def _locked(system: System) -> System:
    return System.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=system.pk)


def _noted(system: System, verb: str, operator: Operator, **details: Any) -> None:
    audit.record(system.organisation, f"dialogs.{verb}", operator=operator, subject=f"system:{system.pk}", **details)
