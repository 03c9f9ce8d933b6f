"""Signing a browser up for push messages: whoever holds a browser's subscription is that device, so no account is needed.

What the citizen agreed to is kept word by word, with the device and the moment (contacts.ledger). Who followed a message is never asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Changed, Content, Gone, Sender
from buergerdraht.contacts import actions, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.contacts.texts import name_topics
from buergerdraht.conversations import actions as conversations
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.website.floods import Dam
from buergerdraht.website.words import say

KIND = "webpush"
by_place = Dam(rate=1 / 15, burst=20.0)  # sign-ups from one connection
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
            ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


class NotASubscription(ValueError):
    """What a browser said of itself is none we may write to."""


def channel_of(organisation: Organisation) -> Channel | None:
    rows = Channel.objects.filter(organisation=organisation, kind=KIND, state__in=[Channel.State.RUNNING, Channel.State.PAUSED])
    return rows.select_related("organisation").order_by("pk").first()


def push_ready(organisation: Organisation) -> bool:
    """Whether devices can sign up: there is a channel that runs, and something to choose."""
    return channel_of(organisation) is not None and Topic.objects.filter(organisation=organisation, active=True).exists()


def push_url(organisation: Organisation) -> str:
    """Where devices sign up; "" while they cannot."""
    return reverse("website:push", args=[organisation.slug]) if push_ready(organisation) else ""


def public_key(channel: Channel) -> str:
    return str(cast(Any, channels.connector(channel)).public_key)


def device(agent: str) -> str:
    """Name a browser and its system in a few words, for lists: never more of what it says."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system))) or "Browser"


def agreed(organisation: Organisation, topics: Sequence[Topic], language: str) -> str:
    """The words a person agrees to, as the page shows them; the ledger keeps them with the topics by name."""
    named = name_topics(topics, organisation, "de" if language == "de-simple" else language)
    return say(organisation, language, "push_agree", topics=named)


# ── The device's verbs ────────────────────────────────────────────────────


@transaction.atomic
def sign_up(channel: Channel, data: object, keys: Iterable[str], agent: str, language: str = "de") -> Address:
    """Let a device have just these topics, with proof. A new one is greeted by a message that shows that it works."""
    text = _text(channel, data)
    organisation, now = channel.organisation, timezone.now()
    mark = hashlib.sha256(text.encode()).hexdigest()
    address = actions.meet(channel, Sender(address=text, handle=f"Push {mark[:5].upper()} ({device(agent)})", language=language), now)
    if address.state == Address.State.GONE:
        Address.objects.filter(pk=address.pk).update(state=Address.State.ACTIVE)
        conversations.note_reach(address, back=True, at=now)
    wanted = list(Topic.objects.filter(organisation=organisation, active=True, key__in=list(keys)))
    had = {row.topic_id: row.topic for row in address.contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic")}
    words = agreed(organisation, wanted, language)
    proof = Proof(channel=channel, evidence=f"Push-Seite, Gerät {mark[:12]}", text=words, language=language, at=now)
    dropped = [topic for number, topic in had.items() if number not in {topic.pk for topic in wanted}]
    if dropped:
        actions.unsubscribe(address.contact, dropped, proof, address)
    actions.subscribe(address.contact, wanted, address, proof)
    actions.confirm(address.contact, address, proof)
    if not had and wanted:
        _greet(address, language)
    return address


def _greet(address: Address, language: str) -> None:
    fresh = Address.objects.select_related("contact", "channel", "organisation").get(pk=address.pk)
    title, text = (say(fresh.organisation, language, key) for key in ("push_hello_title", "push_hello"))
    try:
        outreach.send(fresh, Content(title=title, text=text), purpose="service")
    except outreach.Refused:  # somebody we barred
        return


@transaction.atomic
def leave(channel: Channel, data: object, number: int | None = None) -> bool:
    """End a device: this one, or another one of the same person by its number. Says whether there was one."""
    own = find(channel, data)
    if own is None:
        return False
    address = own if number is None else devices(own).filter(pk=number).first()
    if address is None:
        return False
    contact, now = address.contact, timezone.now()
    others = devices(address).exclude(pk=address.pk).first() or contact.addresses.exclude(pk=address.pk).filter(state="active").first()
    proof = Proof(channel=channel, evidence="Push-Seite, Gerät abgemeldet", language=contact.language, at=now)
    if others is None:
        actions.unsubscribe(contact, [row.topic for row in contact.subscriptions.select_related("topic")], proof, address)
    else:  # the topics stay with the person, and come where they are still reached
        contact.subscriptions.filter(address=address).update(address=others)
    mark = hashlib.sha256(address.address.encode()).hexdigest()[:24]
    actions.gone(channel, Gone(address=address.address, at=now, external_id=f"push-ende:{mark}:{now.timestamp():.0f}", reason="blocked"))
    conversations.note_reach(address, back=False, at=now)
    return True


@transaction.atomic
def renew(channel: Channel, old: object, new: object) -> bool:
    """A browser changed its subscription: the device stays who it was. Only who knows the old one can say so."""
    before, after = find(channel, old), _text(channel, new)
    if before is None:
        return False
    mark = hashlib.sha256(after.encode()).hexdigest()[:24]
    values = {"old": before.address, "new": after}
    moved = actions.changed_address(channel, Changed(external_id=f"push-neu:{mark}", at=timezone.now(), what="address", values=values))
    if moved is not None and moved.state == Address.State.GONE:
        Address.objects.filter(pk=moved.pk).update(state=Address.State.ACTIVE)
    return moved is not None


# ── What a device is told ─────────────────────────────────────────────────


def find(channel: Channel, data: object) -> Address | None:
    key = vault.lookup(channel.organisation_id, _text(channel, data))
    return Address.objects.filter(channel=channel, address_hash=key).select_related("contact").first()


def devices(address: Address) -> Any:
    """The devices of the same person on this channel that are still reached."""
    return address.contact.addresses.filter(channel_id=address.channel_id, state=Address.State.ACTIVE).order_by("pk")


def state_of(channel: Channel, data: object) -> Mapping[str, Any]:
    """What the page of a device shows: the topics it gets, and the person's other devices."""
    address = find(channel, data)
    if address is None or address.state != Address.State.ACTIVE:
        return {"known": False, "topics": [], "devices": []}
    rows = address.contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic")
    others = [{"number": each.pk, "name": _named(each), "here": each.pk == address.pk} for each in devices(address)]
    return {"known": True, "topics": [row.topic.key for row in rows], "devices": others}


def _named(address: Address) -> str:
    found = re.search(r"\((.+)\)$", address.handle)
    return found.group(1) if found else "Browser"


def _text(channel: Channel, data: object) -> str:
    try:
        return str(cast(Any, channels.connector(channel)).read_subscription(data).text)
    except (ValueError, TypeError, RecursionError):
        raise NotASubscription from None
