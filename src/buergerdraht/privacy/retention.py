"""Delete what has been kept long enough: by class, as the organisation set it, with a log of every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.vault import encrypt
from buergerdraht.appointments import actions as appointments
from buergerdraht.cases import persons as cases
from buergerdraht.consultations.models import Guest
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Contact, ContactImport, Subscription
from buergerdraht.conversations import care
from buergerdraht.conversations.models import Conversation, Draft, Message, Notice, Stretch
from buergerdraht.dialogs import sessions as dialogs
from buergerdraht.gateway.models import EarlyReceipt, InboundEvent, Media, Outbound, Part, Seen, StoredContent, Traffic
from buergerdraht.meters import actions as meters
from buergerdraht.privacy.erase import CLOSED, delete_outbounds, erase, remove_files
from buergerdraht.privacy.models import AccessLink, Erasure, RetentionRun

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

BATCH = 500
HIDDEN = "hidden"  # in a message's data: what was sensitive in it is gone
UPLOADS = timedelta(days=7)
NOTICES = timedelta(days=30)  # what operators were told, seen or not


@dataclass(frozen=True)
class Class:
    """One kind of data: how long it is kept unless the organisation says otherwise, and how it goes."""

    key: str
    title: StrPromise
    days: int
    delete: Callable[[Organisation, datetime], int]


def days(organisation: Organisation, each: Class) -> int:
    """Say how long a class is kept; 0 or nonsense falls back to the default, never to for ever."""
    value = organisation.retention.get(each.key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 3650 else each.days


def run(organisation: Organisation, now: datetime | None = None) -> RetentionRun:
    """Apply every class; each in its own transactions, so that a long one can be interrupted."""
    now = now or timezone.now()
    counts = {each.key: each.delete(organisation, now - timedelta(days=days(organisation, each))) for each in CLASSES}
    counts["cases"] = cases.forget(now, organisation.pk)
    counts["remnants"] = _remnants(organisation)
    AccessLink.objects.filter(organisation=organisation, expires_at__lt=now).delete()
    _imports(organisation, now - UPLOADS)
    Notice.objects.filter(organisation=organisation, at__lt=now - NOTICES).delete()
    return RetentionRun.objects.create(organisation=organisation, counts={key: number for key, number in counts.items() if number})


def _unconfirmed(organisation: Organisation, before: datetime) -> int:
    """Sign-ups nobody confirmed."""
    rows = Subscription.objects.filter(organisation=organisation, confirmed_at=None, created_at__lt=before).select_related(
        "contact", "topic"
    )
    number = 0
    for row in rows.iterator(BATCH):
        actions.unsubscribe(row.contact, [row.topic], Proof(channel=None, evidence="unbestätigt"))
        number += 1
    Contact.objects.filter(organisation=organisation, step__isnull=False, last_seen_at__lt=before).update(step=None)
    return number


def _messages(organisation: Organisation, before: datetime) -> int:
    rows = Message.objects.filter(organisation=organisation, at__lt=before)
    number = 0
    while ids := list(rows.values_list("id", flat=True)[:BATCH]):
        with transaction.atomic():
            doomed = Media.objects.filter(message__in=ids, ref__isnull=False).exclude(message__in=Message.objects.exclude(id__in=ids))
            _delete_media(list(doomed.distinct()))
            number += Message.objects.filter(id__in=ids).count()
            Message.objects.filter(id__in=ids).delete()
    Conversation.objects.filter(organisation=organisation, last_at__lt=before).update(last_text="")
    Stretch.objects.filter(organisation=organisation, closed_at__lt=before).exclude(mark_text="").update(mark_text="")  # figures stay
    Guest.objects.filter(organisation=organisation, joined_at__lt=before).exclude(state__in=Guest.ALIVE).delete()
    appointments.empty(organisation, before)
    dialogs.forget(organisation, before)
    meters.empty(organisation, before)
    Draft.objects.filter(conversation__organisation=organisation, at__lt=before).delete()
    return number


def _sensitive(organisation: Organisation, before: datetime) -> int:
    """Account numbers, health and the like go earlier: the message keeps its place, with these hidden for good and its files gone."""
    rows = Message.objects.filter(organisation=organisation, at__lt=before, flags__overlap=sorted(care.SENSITIVE))
    rows = rows.exclude(data__has_key=HIDDEN).order_by("at", "id")
    number = 0
    while page := list(rows.prefetch_related("media")[:BATCH]):
        with transaction.atomic():
            for message in page:
                message.text = care.mask(message.text)
                message.data = {key: value for key, value in message.data.items() if key != "earlier"} | {HIDDEN: True}
            Message.objects.bulk_update(page, ["text", "data"])
            _delete_files([media for message in page for media in message.media.all() if media.state != Media.State.DELETED])
        number += len(page)
    return number


def _files(organisation: Organisation, before: datetime) -> int:
    """Citizens' files go earlier than the words around them; the message keeps the place with a word about it."""
    rows = Media.objects.filter(organisation=organisation, ref__isnull=False, created_at__lt=before).exclude(state=Media.State.DELETED)
    rows = rows.filter(meter_readings=None)  # the proof of a reading stays as long as the reading
    number = 0
    while doomed := list(rows[:BATCH]):
        with transaction.atomic():
            number += _delete_files(doomed)
    return number


def _delete_files(doomed: list[Media]) -> int:
    """Delete the bytes; the row stays to say that there was a file."""
    remove_files(doomed)
    rows = Media.objects.filter(id__in=[each.id for each in doomed])
    return rows.update(state=Media.State.DELETED, ref={}, file_name="", alt="", sha256=None)


def _delete_media(doomed: list[Media]) -> None:
    remove_files(doomed)
    Media.objects.filter(id__in=[each.id for each in doomed]).delete()


def _deliveries(organisation: Organisation, before: datetime) -> int:
    """Letters to one person; those of a broadcast stay with it as sums, without whom they went to."""
    rows = Outbound.objects.filter(organisation=organisation, created_at__lt=before).filter(state__in=CLOSED)
    number = _in_batches(rows.filter(batch=None), delete_outbounds)
    return number + _in_batches(rows.filter(batch__isnull=False).exclude(address_hash=b""), _forget_recipient)


def _forget_recipient(ids: list[int]) -> None:
    Part.objects.filter(outbound_id__in=ids).update(external_id=None)
    Outbound.objects.filter(id__in=ids).update(address=encrypt(""), address_hash=b"", details="")


def _silent(organisation: Organisation, before: datetime) -> int:
    """People who once wrote, subscribe to nothing and have no open conversation."""
    wish = Subscription.objects.filter(contact=OuterRef("pk"))
    open_ = Conversation.objects.filter(contact=OuterRef("pk"), state=Conversation.State.OPEN)
    rows = Contact.objects.filter(~Exists(wish), ~Exists(open_), organisation=organisation, created_at__lt=before)
    rows = rows.filter(Q(last_seen_at=None) | Q(last_seen_at__lt=before))
    number = 0
    for contact in rows.iterator(BATCH):
        erase(contact, wish="retention")
        number += 1
    return number


def _events(organisation: Organisation, before: datetime) -> int:
    rows = InboundEvent.objects.filter(channel__organisation=organisation, received_at__lt=before).exclude(state=InboundEvent.State.NEW)
    return rows.delete()[0]


def _seen(organisation: Organisation, before: datetime) -> int:
    EarlyReceipt.objects.filter(channel__organisation=organisation, at__lt=before).delete()
    return Seen.objects.filter(channel__organisation=organisation, at__lt=before).delete()[0]


def _traffic(organisation: Organisation, before: datetime) -> int:
    return Traffic.objects.filter(channel__organisation=organisation, at__lt=before).delete()[0]


def _imports(organisation: Organisation, before: datetime) -> None:
    """Uploaded files nobody confirmed; what was imported keeps its counts, and is empty already."""
    ContactImport.objects.filter(organisation=organisation, created_at__lt=before, state=ContactImport.State.CHECKED).delete()


def _remnants(organisation: Organisation) -> int:
    """What was on its way while its person was erased: the farewell, a letter being sent."""
    number = 0
    recent = Erasure.objects.filter(organisation=organisation, at__gte=timezone.now() - timedelta(days=30))
    for proof in recent.iterator():
        channels = organisation.channels.values("id")
        rows = Outbound.objects.filter(channel__in=channels, address_hash__in=[bytes(each) for each in proof.subjects])
        rows = rows.filter(created_at__lte=proof.at + timedelta(minutes=1)).filter(state__in=CLOSED)
        number += _in_batches(rows.filter(batch=None), delete_outbounds)
        number += _in_batches(rows.filter(batch__isnull=False), _forget_recipient)
    unused = StoredContent.objects.filter(organisation=organisation, outbound=None, created_at__lt=timezone.now() - timedelta(days=2))
    _in_batches(unused, lambda ids: StoredContent.objects.filter(id__in=ids).delete() and None)
    return number


def _in_batches(rows: QuerySet[Outbound] | QuerySet[StoredContent], verb: Callable[[list[int]], None]) -> int:
    number = 0
    while ids := list(rows.order_by(F("id")).values_list("id", flat=True)[:BATCH]):
        with transaction.atomic():
            verb(ids)
        number += len(ids)
    return number


CLASSES = (
    Class("unconfirmed", _("Unbestätigte Anmeldungen"), 3, _unconfirmed),
    Class("messages", _("Nachrichten"), 365, _messages),
    Class("sensitive", _("Kontonummern, Ausweise, Gesundheit in Nachrichten"), 30, _sensitive),
    Class("media", _("Bilder und Dateien von Bürgerinnen und Bürgern"), 180, _files),
    Class("deliveries", _("Versandnachweise je Person"), 180, _deliveries),
    Class("silent", _("Personen ohne Abo, die nicht mehr schreiben"), 365, _silent),
    Class("events", _("Rohdaten der Dienste"), 7, _events),
    Class("seen", _("Kennungen empfangener Ereignisse"), 30, _seen),
    Class("traffic", _("Verlauf der Kanäle"), 30, _traffic),
)
