"""Ask other systems what happened: Open311 servers how requests stand, a mailbox what was answered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from buergerdraht.bridges import actions, hearing, letters, sending
from buergerdraht.bridges.kinds import mail, mailbox, open311, replies, zammad
from buergerdraht.bridges.kinds.letter import Picture, Trouble
from buergerdraht.bridges.models import Bridge, Parcel, Passage

log = logging.getLogger("buergerdraht.bridges")
PAUSE = {"mail": timedelta(minutes=1), "open311": timedelta(minutes=10)}
RETRY = timedelta(minutes=15)  # where asking failed
CLOSED_ASKED = timedelta(days=30)  # so long after its end a request is still asked for
BACK = timedelta(days=1)  # updates are asked for so far back; what was heard does nothing
SOONER_THAN = 150  # requests of one bridge at one time


def due(now: datetime) -> list[int]:
    rows = Bridge.objects.filter(active=True, ask_at__lte=now)
    return list(rows.order_by("ask_at").values_list("pk", flat=True))


def ask(number: int) -> None:
    """Ask one bridge's other side."""
    now = timezone.now()
    bridge = Bridge.objects.filter(pk=number, active=True).select_related("actor", "organisation").first()
    if bridge is None or bridge.kind not in PAUSE:
        return
    pause = PAUSE[bridge.kind]
    try:
        config = letters.config(bridge)
        _mails(bridge, config) if bridge.kind == Bridge.Kind.MAIL else _requests(bridge, config)
        Bridge.objects.filter(pk=number).update(heard_at=now)
        if not Parcel.objects.filter(passage__bridge=number, done_at=None, lost_at=None).exclude(problem="").exists():
            actions.judged(bridge, "")
    except Trouble as trouble:
        log.warning("bridges.unheard bridge=%s problem=%s status=%s", number, trouble.problem, trouble.status)
        actions.judged(bridge, trouble.problem)
        pause = RETRY
    Bridge.objects.filter(pk=number).update(ask_at=timezone.now() + pause)
    actions.tell(bridge)


# ── Open311 ───────────────────────────────────────────────────────────────


def _requests(bridge: Bridge, config: open311.Config) -> None:
    """Ask how what we handed over stands; nothing is asked where nothing is open."""
    rows = Passage.objects.filter(bridge=bridge, ended_at=None).select_related("bridge__actor").order_by("heard_at", "pk")
    for passage in rows.filter(external_id="").exclude(token="")[:20]:
        if found := open311.number_of(config, passage.token):
            Passage.objects.filter(pk=passage.pk).update(external_id=found[:200])
    recent = timezone.now() - CLOSED_ASKED
    asked = rows.exclude(external_id="").exclude(theirs="over", heard_at__lt=recent).exclude(case__done_at__lt=recent)
    known = {passage.external_id: passage for passage in asked[:SOONER_THAN]}
    if not known:
        return
    if config.updates:
        _updates(bridge, config, known)
    numbers = list(known)
    for begin in range(0, len(numbers), open311.MOST_ASKED):
        for state in open311.states(config, numbers[begin : begin + open311.MOST_ASKED]):
            if asked_for := known.get(state.external_id):
                hearing.stood(asked_for, state.status, over=state.status == "closed", notes=state.notes)


def _updates(bridge: Bridge, config: open311.Config, known: dict[str, Passage]) -> None:
    since = (bridge.heard_at or bridge.created_at) - BACK
    for update in open311.updates(config, since):
        passage = known.get(update.external_id)
        if passage is not None and not update.key.startswith("BD-"):
            _update(passage, update)


@transaction.atomic
def _update(passage: Passage, update: open311.Update) -> None:
    if hearing.once(passage.bridge, f"update:{update.key}"):
        hearing.answered(passage, update.words)


# ── Mail ──────────────────────────────────────────────────────────────────


def _mails(bridge: Bridge, config: mail.Config) -> None:
    """Read the mailbox. One mailbox may serve several bridges: what belongs to another of them is left to it."""
    mailbox.read(mail.access(config), lambda data: take(bridge, config, data))


def take(bridge: Bridge, config: mail.Config, data: bytes | None) -> bool:
    """Deal with one mail, once. Returns whether it was for us."""
    reply = replies.read(data) if data else None
    if reply is None:
        return False
    parcel = None
    for each in Bridge.objects.filter(organisation=bridge.organisation_id, kind=Bridge.Kind.MAIL).order_by("pk"):
        own = config if each.pk == bridge.pk else letters.config(each)
        found = mail.marks(own, reply.recipients, reply.references)
        parcel = parcel or next((held for mark in found if (held := letters.marked(each, mark))), None)
    if parcel is None:
        return False
    _taken(parcel, reply, letters.config(parcel.passage.bridge))
    return True


@transaction.atomic
def _taken(parcel: Parcel, reply: replies.Reply, config: mail.Config) -> None:
    passage = parcel.passage
    key = reply.key or f"{reply.sender}\n{reply.words}"
    if reply.sender == config.own.lower() or not hearing.once(passage.bridge, f"mail:{key}"):
        return
    if reply.bounced:
        Parcel.objects.filter(pk=parcel.pk).update(done_at=None, lost_at=timezone.now(), problem="bounced", doubt=False)
        sending.lost(parcel, "bounced")
    elif reply.machine:
        return
    elif mail.may_answer(config, reply.sender):
        hearing.answered(passage, reply.words, reply.pictures, command=reply.command)
    else:
        hearing.unsure(passage, reply.words, reply.sender)


# ── Zammad ────────────────────────────────────────────────────────────────


def fetch(number: int, listed: Sequence[Sequence[str]]) -> None:
    """Fetch the pictures of an article. Raises Trouble where another try may help."""
    passage = Passage.objects.filter(pk=number, ended_at=None).select_related("bridge__actor").first()
    if passage is None:
        return
    config = letters.config(passage.bridge)
    pictures = []
    for name, url in listed:
        try:
            pictures.append(Picture(name, "", zammad.picture(config, url)))
        except Trouble as trouble:
            if not trouble.final:
                raise
    hearing.answered(passage, "", pictures)
