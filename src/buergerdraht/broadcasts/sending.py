"""Freeze the audience, queue it in pieces, see when it is done. A kill at any point loses nothing and doubles nothing:

the freeze is one transaction; each piece queues its letters and links them to their recipients in one; what is not linked is
taken up by the next round.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from django.db import connection, transaction
from django.db.models import Case, CharField, F, Q, Value, When
from django.utils import timezone

from buergerdraht.broadcasts import content
from buergerdraht.broadcasts.actions import _note
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.contacts import audience, outreach
from buergerdraht.contacts.models import Address
from buergerdraht.gateway.models import Outbound, StoredContent

State = Broadcast.State
PIECE = 1000
BUSY = [Outbound.State.QUEUED, Outbound.State.SENDING, Outbound.State.DOUBT]


def round_of_all() -> int:
    """Do what is due: start, queue, finish. Returns how many letters were queued."""
    now = timezone.now()
    for broadcast in Broadcast.objects.filter(Q(scheduled_at=None) | Q(scheduled_at__lte=now), state=State.APPROVED).order_by(
        "-urgent", "id"
    ):
        start(broadcast)
    queued = 0
    for broadcast in Broadcast.objects.filter(state=State.SENDING).order_by("-urgent", "id"):
        while (piece := queue_piece(broadcast)) is not None:
            queued += piece
        finish(broadcast)
    return queued


@transaction.atomic
def start(broadcast: Broadcast) -> bool:
    """Freeze the audience and begin. Returns False where another worker was faster."""
    row = _claimed(broadcast, State.APPROVED)
    if row is None:
        return False
    _freeze(row)
    row.state, row.started_at = State.SENDING, timezone.now()
    row.save(update_fields=["state", "started_at", "updated_at"])
    _note(row, "start", None)
    return True


def _claimed(broadcast: Broadcast, state: str) -> Broadcast | None:
    """Lock the row in this state; None where it left the state, or another worker has it."""
    rows = Broadcast.objects.select_for_update(skip_locked=True, of=("self",)).select_related("organisation")
    return rows.filter(pk=broadcast.pk, state=state).first()


def _freeze(broadcast: Broadcast) -> None:
    """Write one row per person, in one statement: the audience as it stands at this moment, a million in seconds."""
    written = content.languages(broadcast)
    first = Value(content.fallback(broadcast, ""), output_field=CharField())
    spoken = Case(When(contact__language__in=written, then=F("contact__language")), default=first, output_field=CharField())
    chosen = audience.select(broadcast.organisation, broadcast.audience).select_related(None).order_by()
    sql, values = chosen.annotate(spoken=spoken).values_list("id", "contact_id", "channel_id", "spoken").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into broadcasts_recipient (broadcast_id, address_id, contact_id, channel_id, language, refused)"  # noqa: S608
            f" select %s, chosen.*, '' from ({sql}) as chosen on conflict do nothing",
            [broadcast.pk, *values],
        )


@transaction.atomic
def queue_piece(broadcast: Broadcast) -> int | None:
    """Queue the next piece of the frozen audience. None when nothing is left, or it is no longer being sent."""
    row = _claimed(broadcast, State.SENDING)
    if row is None:
        return None
    waiting = (
        Recipient.objects.filter(broadcast=row, outbound=None, refused="").select_related("channel", "address__contact").order_by("id")
    )
    recipients = list(waiting[:PIECE])
    if not recipients:
        return None
    gone = [recipient for recipient in recipients if recipient.address is None]
    for recipient in gone:
        recipient.refused = "stopped"
    there = [recipient for recipient in recipients if recipient.address is not None]
    answers = outreach.send_many(_letters(row, there), purpose="newsletter", batch=row.pk, urgent=row.urgent)
    for recipient, answer in zip(there, answers, strict=True):
        if isinstance(answer, Outbound):
            recipient.outbound = answer
        else:
            recipient.refused = answer.reason
    Recipient.objects.bulk_update(recipients, ["outbound", "refused"])
    return len(there)


def _letters(broadcast: Broadcast, recipients: list[Recipient]) -> list[outreach.Letter]:
    @cache
    def inside(language: str) -> StoredContent:
        return outreach.store(broadcast.organisation, content.version(broadcast, language), batch=broadcast.pk)

    @cache
    def outside(channel_id: int, language: str) -> StoredContent | None:
        channel = next(recipient.channel for recipient in recipients if recipient.channel_id == channel_id)
        found = content.template(broadcast, channel, language)
        return outreach.store(broadcast.organisation, found, batch=broadcast.pk) if found else None

    letters = []
    for recipient in recipients:
        address = cast(Address, recipient.address)
        letters.append(outreach.Letter(address, inside(recipient.language), outside(recipient.channel_id, recipient.language)))
    return letters


@transaction.atomic
def finish(broadcast: Broadcast) -> bool:
    """Say it is done when nothing is open any more. Unclear ones stay to be decided."""
    row = _claimed(broadcast, State.SENDING)
    if row is None:
        return False
    if (
        Recipient.objects.filter(broadcast=row, outbound=None, refused="").exists()
        or Outbound.objects.filter(batch=row.pk, state__in=BUSY).exists()
    ):
        return False
    row.state, row.finished_at = State.DONE, timezone.now()
    row.save(update_fields=["state", "finished_at", "updated_at"])
    _note(row, "finish", None)
    return True
