"""What happens to a citizen's record because of what they or their messenger said. Operators' verbs are in `records.py`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Changed, Gone, Sender
from buergerdraht.contacts import finding, ledger
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, AddressAlias, Consent, Contact, Subscription, Topic
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.queries import ask, build, columns, queries, width
from buergerdraht.webhooks import events

SQL = queries(Path(__file__).with_name("queries.sql"))
MEET = SQL["meet"].replace("/*address*/", columns(Address, "heard")).replace("/*contact*/", columns(Contact, "seen"))
UNASKED = ("newsletter", "alert", "service")  # all but answers to what the citizen asked
PAUSABLE = ("newsletter",)  # warnings come through a pause
OWN_WAY_OUT = "unsubscribed"  # the reason of a Gone where a person used our own link or button
OWN_EVIDENCE = ("unsubscribe:", "complaint:")  # how such a Gone names itself
joined = Signal()  # into, other: rooms above move what they keep of the other contact before it goes
parted = Signal()  # old, new, address: rooms above move what they keep of the address that has a contact of its own now
stopped = Signal()  # contact: rooms above end what they had in hand for them
GATE = 7_130_001  # advisory lock: a stop and a batch of newsletters do not overlap


# ── Who is it ─────────────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def meet(channel: Channel, sender: Sender, at: datetime) -> Address:
    """Find the address a message came from, or make contact and address; note that they wrote."""
    at = min(at, timezone.now())
    address = _heard(channel, sender, at)
    if address is None:
        if found := _find(channel, sender):
            _remember_aliases(found, sender)  # by what is its key from now on
        else:
            _make(channel, sender)
        address = _heard(channel, sender, at)
        if address is None:
            raise Address.DoesNotExist("made a moment ago, and gone")
        address.made = not found
        if not found:
            events.tell(channel.organisation_id, "contact.created", contact=address.contact_id)
    _remember_aliases(address, sender)
    _note_names(address, sender)
    return address


def _heard(channel: Channel, sender: Sender, at: datetime) -> Address | None:
    """Find a person by the key of their address and note that they wrote, in one call: it comes with every message."""
    key = vault.lookup(channel.organisation_id, sender.address)
    rows = ask(MEET, {"channel": channel.pk, "hash": key, "at": at})
    if not rows:
        return None
    known, *row = rows[0]
    address, contact = build(Address, row[: width(Address)]), build(Contact, row[width(Address) :])
    address.contact, address.channel = contact, channel
    address.organisation = contact.organisation = channel.organisation
    address.known = {bytes(each) for each in known}
    return address


def _note_names(address: Address, sender: Sender) -> None:
    """Take over a new name or handle, and renew the search keys; most messages bring neither."""
    contact = address.contact
    name, handle = (not contact.name_told and sender.name) or contact.name, sender.handle or address.handle
    if name != contact.name:
        contact.name = name
        contact.save(update_fields=["name"])
    elif handle == address.handle and (contact.search or not (name or handle)):
        return
    if handle != address.handle:
        address.handle = handle
        address.save(update_fields=["handle"])
    index(contact)


def index(contact: Contact) -> None:
    """Renew the search keys of a contact."""
    keys = finding.keys(contact.organisation_id, contact.name, [address.handle for address in contact.addresses.all()])
    if keys != contact.search:
        contact.search = keys
        contact.save(update_fields=["search"])


def _find(channel: Channel, sender: Sender) -> Address | None:
    """Find the address by its key, else by another key of the person; locked."""
    hashes = [vault.lookup(channel.organisation_id, key) for key in (sender.address, *sender.aliases) if key]
    found = ask(SQL["find"], {"channel": channel.pk, "hashes": hashes})
    if not found:
        return None
    return Address.objects.select_related("contact").select_for_update(of=("self", "contact")).get(id=found[0][0])


def _make(channel: Channel, sender: Sender) -> None:
    """Make a person and their address, unless another process does in this moment."""
    organisation = channel.organisation
    language = sender.language.split("-")[0].lower()
    values = {
        "organisation": organisation.pk,
        "channel": channel.pk,
        "address": vault.encrypt(sender.address),
        "hash": vault.lookup(organisation.pk, sender.address),
        "handle": vault.encrypt(sender.handle),
        "name": vault.encrypt(sender.name),
        "search": finding.keys(organisation.pk, sender.name, [sender.handle]),
        "language": language if language in organisation.languages else organisation.language,
        "at": timezone.now(),
    }
    ask(SQL["make"], values)


def _remember_aliases(address: Address, sender: Sender) -> None:
    """Keep the other keys of the person; the best key the provider gives becomes the address."""
    own = vault.lookup(address.organisation_id, sender.address)
    hashes = {vault.lookup(address.organisation_id, alias) for alias in sender.aliases if alias}
    if bytes(address.address_hash) != own:
        hashes.add(bytes(address.address_hash))
        address.address, address.address_hash = sender.address, own
        address.save(update_fields=["address", "address_hash"])
    _add_aliases(address, hashes - {own} - address.known)


def _add_aliases(address: Address, hashes: Iterable[bytes]) -> None:
    rows = [AddressAlias(address=address, channel_id=address.channel_id, alias_hash=each) for each in hashes]
    if rows:
        AddressAlias.objects.bulk_create(rows, ignore_conflicts=True)


# ── What the messenger said ───────────────────────────────────────────────


@transaction.atomic
def gone(channel: Channel, event: Gone) -> Address | None:
    """Note that the citizen blocked us, wants no newsletters, or is back. An older event than their last message changes nothing."""
    address = _find(channel, Sender(address=event.address))
    if address is None:
        return None
    if event.scope == "newsletter":
        if event.reason == OWN_WAY_OUT and not event.back:
            _left(address, event)
        else:
            _provider_stop(address, event)
        return address
    if event.back:
        if address.state == Address.State.GONE:
            Address.objects.filter(id=address.id).update(state=Address.State.ACTIVE)
    elif address.last_inbound_at is None or event.at >= address.last_inbound_at:
        shut_gate(address.organisation)
        if address.state == Address.State.ACTIVE:
            Address.objects.filter(id=address.id).update(state=Address.State.GONE)
        cancel(address, [*UNASKED, "reply"])
    address.refresh_from_db(fields=["state"])
    return address


def _left(address: Address, event: Gone) -> None:
    """They used a way out of ours (a mail's unsubscribe link): as STOP where it is their only address, else for this address alone."""
    contact = address.contact
    if not contact.addresses.filter(state=Address.State.ACTIVE).exclude(id=address.id).exists():
        stop(contact, evidence=event.external_id, channel=address.channel, at=event.at)
        return
    topics = [row.topic for row in contact.subscriptions.filter(address=address).select_related("topic")]
    unsubscribe(contact, topics, Proof(channel=address.channel, evidence=event.external_id, at=event.at), address)
    _provider_stop(address, event)


def _come_back(address: Address, proof: Proof) -> None:
    """Take back a way out of ours. What the messenger itself keeps from us (its own stop) only the messenger takes back."""
    last = Consent.objects.filter(contact=address.contact, channel=address.channel, purpose=ledger.PROVIDER).order_by("-id").first()
    if last is not None and last.act == "withdraw" and last.evidence.startswith(OWN_EVIDENCE):
        Address.objects.filter(id=address.id).update(no_newsletter=False)
        address.no_newsletter = False
        ledger.write(address.contact, address, "grant", [ledger.PROVIDER], proof)


def _provider_stop(address: Address, event: Gone) -> None:
    if address.no_newsletter != (not event.back):
        address.no_newsletter = not event.back
        address.save(update_fields=["no_newsletter"])
        proof = Proof(channel=address.channel, evidence=event.external_id, at=event.at)
        ledger.write(address.contact, address, "grant" if event.back else "withdraw", [ledger.PROVIDER], proof)
    if not event.back:
        shut_gate(address.organisation)
        cancel(address, ["newsletter"])


@transaction.atomic
def changed_address(channel: Channel, event: Changed) -> Address | None:
    """Move an address to its new key ("old" and "new" in values); the old one still finds the person."""
    old, new = event.values.get("old", ""), event.values.get("new", "")
    if not old or not new or (address := _find(channel, Sender(address=old))) is None:
        return None
    new_hash = vault.lookup(address.organisation_id, new)
    other = Address.objects.filter(channel=channel, address_hash=new_hash).exclude(id=address.id).first()
    if other is not None:  # they wrote from the new one before the notice came
        if other.contact_id != address.contact_id:
            absorb(other.contact, address.contact)
        Subscription.objects.filter(address=address).update(address=other)
        Address.objects.filter(id=address.id).update(state=Address.State.GONE)
        return other
    more = [event.values[key] for key in ("old_alias", "new_alias") if event.values.get(key)]
    old_hashes = {bytes(address.address_hash), *(vault.lookup(address.organisation_id, each) for each in more)}
    AddressAlias.objects.filter(channel=channel, alias_hash=new_hash).delete()
    address.address, address.address_hash = new, new_hash
    if handle := event.values.get("handle"):
        address.handle = handle
    elif address.handle and finding.number(address.handle) == finding.number(old) != "" and finding.number(new):
        address.handle = new
    address.save(update_fields=["address", "address_hash", "handle"])
    _add_aliases(address, old_hashes - {new_hash})
    index(address.contact)
    return address


@transaction.atomic
def doubted(channel: Channel, event: Changed) -> Address | None:
    """Find of whom something is said that makes one doubtful."""
    return _find(channel, Sender(address=event.values.get("address", "")))


# ── What the citizen wants ────────────────────────────────────────────────


@transaction.atomic
def subscribe(contact: Contact, topics: Iterable[Topic], address: Address, proof: Proof) -> list[Topic]:
    """Note wishes that are still to be confirmed; return those that are new."""
    have = set(contact.subscriptions.values_list("topic_id", flat=True))
    new = [topic for topic in topics if topic.id not in have]
    Subscription.objects.bulk_create(
        Subscription(organisation_id=contact.organisation_id, contact=contact, topic=topic, address=address) for topic in new
    )
    ledger.write(contact, address, "grant", [ledger.topic_purpose(topic.key) for topic in new], proof)
    return new


@transaction.atomic
def confirm(contact: Contact, address: Address, proof: Proof) -> list[Topic]:
    """Confirm every open wish: from now on newsletters are sent. Saying yes again after STOP takes the stop back."""
    pending = list(contact.subscriptions.filter(confirmed_at=None).select_related("topic"))
    if not pending:
        return []
    contact.subscriptions.filter(id__in=[row.id for row in pending]).update(confirmed_at=proof.at or timezone.now())
    contact.state = Contact.State.ACTIVE
    contact.save(update_fields=["state"])
    topics = [row.topic for row in pending]
    ledger.write(contact, address, "confirm", [ledger.topic_purpose(topic.key) for topic in topics], proof)
    if address.no_newsletter:
        _come_back(address, proof)
    return topics


@transaction.atomic
def confirm_only(contact: Contact, topic: Topic, address: Address, proof: Proof) -> None:
    """Confirm one wish that a person of ours took down; others stay open."""
    open_ = contact.subscriptions.filter(topic=topic, confirmed_at=None)
    if open_.update(confirmed_at=proof.at or timezone.now()):
        contact.state = Contact.State.ACTIVE
        contact.save(update_fields=["state"])
        ledger.write(contact, address, "confirm", [ledger.topic_purpose(topic.key)], proof)
        if address.no_newsletter:
            _come_back(address, proof)


@transaction.atomic
def unsubscribe(contact: Contact, topics: Iterable[Topic], proof: Proof, address: Address | None = None) -> list[Topic]:
    """End some subscriptions; with the last one the contact is only known, no longer written to."""
    wanted = {topic.id for topic in topics}
    rows = [row for row in contact.subscriptions.select_related("topic") if row.topic_id in wanted]
    contact.subscriptions.filter(id__in=[row.id for row in rows]).delete()
    ended = [row.topic for row in rows]
    ledger.write(contact, address, "withdraw", [ledger.topic_purpose(topic.key) for topic in ended], proof)
    if contact.state == Contact.State.ACTIVE and not contact.subscriptions.filter(confirmed_at__isnull=False).exists():
        contact.state = Contact.State.NEW
        contact.save(update_fields=["state"])
    return ended


@transaction.atomic
def stop(contact: Contact, *, evidence: str, channel: Channel | None, at: datetime | None = None) -> int:
    """End everything at once, on all addresses, queued rows too (law 9). Return how many queued messages were taken back."""
    shut_gate(contact.organisation)
    topics = [row.topic for row in contact.subscriptions.select_related("topic")]
    proof = Proof(channel=channel, evidence=evidence, language=contact.language, at=at)
    purposes = [ledger.topic_purpose(topic.key) for topic in topics]
    address = contact.addresses.filter(channel=channel).first()
    ledger.write(contact, address, "withdraw", [ledger.EVERYTHING, *purposes], proof)
    contact.subscriptions.all().delete()
    contact.state, contact.paused_until, contact.step, contact.errand = Contact.State.STOPPED, None, None, ""
    contact.save(update_fields=["state", "paused_until", "step", "errand"])
    stopped.send(Contact, contact=contact)
    return sum(cancel(each, UNASKED) for each in contact.addresses.all())


@transaction.atomic
def pause(contact: Contact, until: datetime | None) -> None:
    """Hold newsletters until a moment; None goes on at once. Queued ones are taken back."""
    if until is not None:
        until = min(until, timezone.now() + timedelta(days=366))
        shut_gate(contact.organisation)
        for address in contact.addresses.all():
            cancel(address, PAUSABLE)
    contact.paused_until = until
    contact.save(update_fields=["paused_until"])


@transaction.atomic
def speak(contact: Contact, language: str) -> None:
    """Set the language a contact is written to in."""
    contact.language = language
    contact.save(update_fields=["language"])


@transaction.atomic
def call(contact: Contact, name: str) -> None:
    """Call a contact as they told us to; what the messenger says of their name counts no more."""
    contact.name, contact.name_told = name, True
    contact.save(update_fields=["name", "name_told"])
    index(contact)


@transaction.atomic
def send_on(contact: Contact, errand: str) -> None:
    """Note which room above has something in hand for a contact: it is asked about their messages. Empty: none."""
    if contact.errand != errand:
        contact.errand = errand
        contact.save(update_fields=["errand"])


# ── What several verbs share ──────────────────────────────────────────────


def absorb(into: Contact, other: Contact) -> None:
    """Move everything of one contact to another of the same organisation; the emptied one goes. A stop of either counts for both."""
    shut_gate(into.organisation)  # whoever queues letters sees two people or one, and notes the one that stays
    have = set(into.subscriptions.values_list("topic_id", flat=True))
    other.subscriptions.filter(topic_id__in=have).delete()
    other.subscriptions.update(contact=into)
    other.addresses.update(contact=into)
    other.consents.update(contact=into)
    other.relays.update(contact=into)
    other.ways.all().delete()  # an order of addresses that is no longer whole
    if other.state == Contact.State.STOPPED and not into.subscriptions.filter(confirmed_at__isnull=False).exists():
        into.state = Contact.State.STOPPED
    elif into.subscriptions.filter(confirmed_at__isnull=False).exists():
        into.state = Contact.State.ACTIVE
    if not into.name or (other.name_told and not into.name_told):
        into.name, into.name_told = other.name, other.name_told
    into.district, into.errand = into.district or other.district, into.errand or other.errand
    into.everywhere = into.everywhere or other.everywhere
    into.save(update_fields=["state", "name", "name_told", "district", "errand", "everywhere"])
    joined.send(Contact, into=into, other=other)
    other.delete()
    index(into)


def cancel(address: Address, purposes: Iterable[str]) -> int:
    """Take queued messages to an address back, also those queued under an older key of it."""
    hashes = [bytes(address.address_hash), *(bytes(alias.alias_hash) for alias in address.aliases.all())]
    return sum(outbox.cancel(address.channel_id, each, list(purposes)) for each in hashes)


def shut_gate(organisation: Organisation) -> None:
    """Wait for batches being queued, and keep new ones waiting until this transaction is through: none slips past a stop."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [GATE, organisation.id])


def enter_gate(organisation_id: int) -> None:
    """Wait for a stop in progress; what is read afterwards is true until this transaction is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [GATE, organisation_id])
