"""Subscribing by e-mail and changing one's settings from a page. The verbs are those of `contacts`; whoever asks learns nothing of others.

Double opt-in: a sign-up is noted, a letter with a signed link goes to the address, and only a press of its button makes a contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.core.internal import ratelimit
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions, ledger, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.contacts.texts import day, name_topics
from buergerdraht.gateway.models import Channel
from buergerdraht.website import links, ways
from buergerdraht.website.models import SignUp
from buergerdraht.website.words import say

# From one connection, in an hour: a whole library may share one. To one address: nobody's inbox is filled by strangers.
OFTEN = {"ask": "30/1h/key", "letter": "3/1h/key", "change": "60/1h/key"}
FORGOTTEN = 1000  # sign-ups at once
PAUSES = {"1": 1, "2": 2, "4": 4}  # weeks


def may(request: HttpRequest, organisation: Organisation, what: str, key: str = "") -> bool:
    """Say whether this connection (or this key) may do so once more. Neither is ever kept: only a keyed hash, for an hour."""
    hidden = vault.lookup(organisation.pk, key or ratelimit.get_ip(request)).hex()
    return ratelimit.consume(request, app="website", action=what, config=OFTEN, key=hidden) is not None


def mailbox(organisation: Organisation) -> Channel | None:
    """The channel that sends e-mail, if one runs."""
    return next(iter(ways.running(organisation, ways.MAIL)), None)


def notice(organisation: Organisation, topics: Sequence[Topic], language: str) -> str:
    """The text somebody agrees to; the ledger keeps it by its hash."""
    return say(organisation, language, "mail_notice", topics=name_topics(topics, organisation, language))


@transaction.atomic
def ask(channel: Channel, email: str, topics: Sequence[Topic], language: str) -> None:
    """Note the wish and send the letter that asks to confirm; who has all of it already gets a link to their settings instead.

    Says nothing about whether the address is known, and makes no contact. Who was barred, or whose address is gone, gets nothing.
    """
    organisation, key = channel.organisation, vault.lookup(channel.organisation_id, email)
    rows = Address.objects.select_related("contact", "channel", "organisation")
    known = rows.filter(channel=channel, address_hash=key).first()
    have = subscribed(known.contact) if known is not None else set()
    new = [topic for topic in topics if topic.key not in have]
    if known is not None and not new:
        _send(known, *_known(known, topics, language))
        return
    now = timezone.now()
    row = SignUp.objects.create(
        organisation=organisation, channel=channel, email=email, email_hash=key, topics=[topic.pk for topic in new], language=language,
        asked_at=now, expires_at=now + patience(organisation),
    )  # fmt: skip
    named, until = name_topics(new, organisation, _spoken(language)), day(row.expires_at, _spoken(language))
    body = say(organisation, language, "mail_letter", topics=named, url=links.to_confirm(row), until=until)
    letter = Content(title=say(organisation, language, "mail_letter_title"), text=body, preview_link=False)
    try:
        row.letter = outreach.invite(channel, email, letter, expires_at=row.expires_at).pk
    except outreach.Refused:
        row.delete()
        return
    row.save(update_fields=["letter"])


def patience(organisation: Organisation) -> timedelta:
    """How long a wish that nobody confirmed is kept: as long as the link holds, or shorter where the authority says so."""
    days = organisation.retention.get("unconfirmed")
    wanted = timedelta(days=days) if isinstance(days, int) and not isinstance(days, bool) and days > 0 else links.VALID[links.CONFIRM]
    return min(wanted, links.VALID[links.CONFIRM])


def _spoken(language: str) -> str:
    return "de" if language == "de-simple" else language


def _known(address: Address, topics: Sequence[Topic], language: str) -> tuple[str, str]:
    url, until = links.to_settings(address)
    named = name_topics(topics, address.organisation, _spoken(language))
    title = say(address.organisation, language, "mail_known_title", yours=say(address.organisation, language, "yours"))
    return title, say(address.organisation, language, "mail_known", topics=named, url=url, until=day(until, _spoken(language)))


def ask_for_settings(channel: Channel, email: str, language: str) -> None:
    """Send the link to somebody's settings, if we know the address; if not, nothing happens, and nobody is told."""
    found = Address.objects.filter(channel=channel, address_hash=vault.lookup(channel.organisation_id, email))
    address = found.select_related("contact", "channel", "organisation").first()
    if address is not None:
        title, text = settings_letter(address, language)
        _send(address, title, text)


def settings_letter(address: Address, language: str) -> tuple[str, str]:
    url, until = links.to_settings(address)
    organisation = address.organisation
    title = say(organisation, language, "pref_letter_title", yours=say(organisation, language, "yours"))
    return title, say(organisation, language, "pref_letter", url=url, until=day(until, _spoken(language)))


def _send(address: Address, title: str, text: str) -> None:
    try:
        outreach.send(address, Content(title=title, text=text, preview_link=False), purpose="service")
    except outreach.Refused:
        return


def wanted(row: SignUp) -> list[Topic]:
    return list(Topic.objects.filter(organisation=row.organisation_id, pk__in=row.topics, active=True))


@transaction.atomic
def confirm(row: SignUp, language: str) -> Address | None:
    """Somebody said that it was them: now there is a contact, with proof of wish and word. Only what the link was sent for is theirs."""
    row = SignUp.objects.select_for_update(of=("self",)).select_related("channel", "organisation", "confirmed").get(pk=row.pk)
    topics = wanted(row)
    if row.confirmed is not None or not topics:
        return row.confirmed
    address = actions.meet(row.channel, Sender(address=row.email, handle=row.email, language=row.language), timezone.now())
    text = notice(row.organisation, topics, row.language)
    asked = Proof(channel=row.channel, evidence="web", text=text, language=row.language, at=row.asked_at)
    ledger.write(address.contact, address, "request", [ledger.topic_purpose(topic.key) for topic in topics], asked)
    actions.subscribe(address.contact, topics, address, asked)
    proof = Proof(channel=row.channel, evidence="web: Link aus der E-Mail", text=text, language=language)
    for topic in topics:
        actions.confirm_only(address.contact, topic, address, proof)
    row.confirmed, row.email = address, ""
    row.save(update_fields=["confirmed", "email"])
    return address


def on_stop(sender: object, *, contact: Contact, **more: object) -> None:
    """Who stopped wishes for nothing any more: a link that is still in their inbox confirms nothing."""
    keys = [bytes(each) for each in contact.addresses.values_list("address_hash", flat=True)]
    forget(SignUp.objects.filter(organisation=contact.organisation_id, email_hash__in=keys))


def forget(rows: QuerySet[SignUp]) -> int:
    """Delete sign-ups; of those nobody confirmed the letters go, too. One whose letter is on its way stays until that is decided."""
    number = 0
    for row in rows.order_by("pk")[:FORGOTTEN]:
        if row.confirmed_id is None and row.letter is not None and not outreach.forget(row.letter):
            SignUp.objects.filter(pk=row.pk).update(expires_at=timezone.now())
            continue
        row.delete()
        number += 1
    return number


# ── Settings ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Wish:
    topics: set[str]
    language: str
    pause: str  # "" none, "keep", or a key of PAUSES


def subscribed(contact: Contact) -> set[str]:
    return set(contact.subscriptions.filter(confirmed_at__isnull=False).values_list("topic__key", flat=True))


@transaction.atomic
def change(held: links.Held, wish: Wish, language: str) -> None:
    """Make the settings what the page says: whoever holds the link was sent it, so what they tick is confirmed."""
    contact, organisation = held.contact, held.address.organisation
    have = subscribed(contact)
    known = {topic.key: topic for topic in Topic.objects.filter(organisation=organisation)}
    ended = [known[key] for key in have - wish.topics if key in known]
    new = [topic for key, topic in known.items() if key in wish.topics - have and topic.active]
    channel = held.address.channel
    if ended:
        actions.unsubscribe(contact, ended, Proof(channel=channel, evidence="web: Einstellungen", language=language), held.address)
    _add(held, new, language)
    if wish.language and wish.language != contact.language:
        actions.speak(contact, wish.language)
    if wish.pause in PAUSES:
        actions.pause(contact, timezone.now() + timedelta(weeks=PAUSES[wish.pause]))
    elif not wish.pause and contact.paused_until is not None:
        actions.pause(contact, None)


def _add(held: links.Held, new: Sequence[Topic], language: str) -> None:
    text = notice(held.address.organisation, new, language) if new else ""
    proof = Proof(channel=held.address.channel, evidence="web: Einstellungen", text=text, language=language)
    actions.subscribe(held.contact, new, held.address, proof)
    for topic in new:
        actions.confirm_only(held.contact, topic, held.address, proof)


def stop(held: links.Held) -> None:
    actions.stop(held.contact, evidence="web: Einstellungen", channel=held.address.channel)


def chosen(organisation: Organisation, keys: Iterable[str]) -> list[Topic]:
    wanted = set(keys)
    return [topic for topic in Topic.objects.filter(organisation=organisation, active=True) if topic.key in wanted]
