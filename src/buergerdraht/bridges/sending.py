"""Deliver what is queued: one bridge at a time, each case in order. A try is written down before it is made; after a day it is given up.

The call itself holds no lock and no transaction. What may have arrived without our knowing is in doubt: the next try looks first.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from buergerdraht.bridges import actions, letters, words
from buergerdraht.bridges.kinds.letter import There, Trouble
from buergerdraht.bridges.models import Parcel, Passage
from buergerdraht.cases import actions as cases
from buergerdraht.conversations.models import Notice

log = logging.getLogger("buergerdraht.bridges")
PIECE = 50
PAUSES = [timedelta(minutes=each) for each in (1, 2, 5, 10, 20, 40)]  # then every hour
LONGEST = timedelta(hours=24)
PATIENCE = timedelta(minutes=5)  # with pictures that are being covered


def due(now: datetime) -> list[int]:
    """The bridges for which something waits."""
    return list(_waiting(now).values_list("passage__bridge", flat=True).order_by("passage__bridge").distinct())


def _waiting(now: datetime) -> QuerySet[Parcel]:
    """What can go: nothing that comes before it in its case still waits."""
    before = Parcel.objects.filter(passage=OuterRef("passage"), pk__lt=OuterRef("pk"), done_at=None, lost_at=None)
    rows = Parcel.objects.filter(done_at=None, lost_at=None, next_at__lte=now, passage__bridge__active=True)
    return rows.filter(~Exists(before))


def go(bridge: int, now: datetime) -> int:
    """Deliver what waits for one bridge. Returns how many arrived."""
    arrived, tried = 0, list[int]()
    while len(tried) < PIECE:  # asked anew each time: what stood behind one that arrived goes right after it
        number = _waiting(now).filter(passage__bridge=bridge).exclude(pk__in=tried).order_by("pk").values_list("pk", flat=True).first()
        if number is None:
            break
        tried.append(number)
        parcel = _claim(number, now)
        if parcel is not None:
            arrived += _deliver(parcel)
    return arrived


@transaction.atomic
def _claim(number: int, now: datetime) -> Parcel | None:
    """Write down that a try begins."""
    rows = _waiting(now).select_for_update(of=("self",), skip_locked=True).filter(pk=number)
    row = rows.select_related("passage__case__organisation", "passage__case__category", "passage__bridge__actor", "entry").first()
    if row is None:
        return None
    if row.passage.ended_at or (row.entry_id and not row.passage.external_id and not row.passage.token):
        row.lost_at, row.problem = now, "" if row.passage.ended_at else "first"
        row.save(update_fields=["lost_at", "problem"])
        actions.tell(row.passage.bridge)
        return None
    if row.created_at > now - PATIENCE and letters.pictures_wait(row):
        row.next_at = now + timedelta(seconds=30)
        row.save(update_fields=["next_at"])
        return None
    row.next_at = now + (PAUSES[row.tries] if row.tries < len(PAUSES) else timedelta(hours=1))
    row.tries, row.first_at = row.tries + 1, row.first_at or now
    doubt, row.doubt = row.doubt, True  # if we die now, it may have arrived
    row.save(update_fields=["next_at", "tries", "first_at", "doubt"])
    row.doubt = doubt
    return row


def _deliver(parcel: Parcel) -> bool:
    passage, bridge = parcel.passage, parcel.passage.bridge
    try:
        config, kind = letters.config(bridge), letters.kind(bridge)
        letter = letters.compose(parcel)
        if parcel.entry_id is None:
            known = kind.hand_over(config, letter, doubt=parcel.doubt)
        elif not passage.external_id:
            raise Trouble("busy")  # a token whose number is not known yet
        else:
            kind.add(config, letters.there(passage), letter, doubt=parcel.doubt)
            known = letters.there(passage)
    except Trouble as trouble:
        _failed(parcel, trouble)
        return False
    except Exception as mistake:  # one letter that stumbles over a mistake of ours must not keep the others
        log.error("bridges.mistake parcel=%s kind=%s", parcel.pk, type(mistake).__name__)
        _failed(parcel, Trouble("ours", doubt=True))
        return False
    _arrived(parcel, known)
    return True


@transaction.atomic
def _arrived(parcel: Parcel, known: There) -> None:
    now = timezone.now()
    Parcel.objects.filter(pk=parcel.pk).update(done_at=now, doubt=False, problem="", status=None)
    if parcel.entry_id is None:
        Passage.objects.filter(pk=parcel.passage_id).update(
            external_id=known.external_id[:200], token=known.token[:200], link=known.link[:500]
        )
        cases.record(cases.lock(parcel.passage.case_id), "arrived", operator=parcel.passage.bridge.actor,
                     data={"bridge": parcel.passage.bridge_id})  # fmt: skip
    actions.judged(parcel.passage.bridge, "")


def _failed(parcel: Parcel, trouble: Trouble) -> None:
    """Keep why, and whether it may have arrived; give up where nothing helps, or after a day."""
    now = timezone.now()
    log.warning("bridges.failed parcel=%s problem=%s status=%s", parcel.pk, trouble.problem, trouble.status)
    over = trouble.final or parcel.created_at < now - LONGEST
    with transaction.atomic():
        Parcel.objects.filter(pk=parcel.pk).update(
            problem=trouble.problem, status=trouble.status, doubt=parcel.doubt or trouble.doubt, lost_at=now if over else None
        )
        actions.judged(parcel.passage.bridge, trouble.problem)
        if over:
            lost(parcel, trouble.problem)


def lost(parcel: Parcel, problem: str) -> None:
    """Say on the case that something did not arrive, and ring whoever handed it over or works on it."""
    passage = parcel.passage
    with override(passage.case.organisation.language):
        text = _("Weitergabe an „%(name)s“ gescheitert: %(why)s") % {"name": passage.bridge.name, "why": words.problem(problem)}
        cases.note(passage.case, text, operator=passage.bridge.actor)
    concerned = [each for each in (passage.operator, passage.case.operator) if each is not None]
    transaction.on_commit(lambda: cases.bell(passage.case, concerned, Notice.Kind.ASSIGNED), robust=True)
