"""Tell people and machines of an alarm: by e-mail, and by a webhook signed as Standard Webhooks wants it. Outside: ids and numbers.

Each telling is a job of its own, so that a receiver that is away keeps nobody waiting and is tried again. With no worker alive the
one who noticed that tells at once.
"""

from __future__ import annotations

import json
import logging
import smtplib
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.gateway import channels, outward, signing
from buergerdraht.gateway.outward import Final, Undelivered
from buergerdraht.watch import kinds
from buergerdraht.watch.models import Alarm, AlarmReceiver

log = logging.getLogger("buergerdraht.watch")
RAISED, ENDED, TEST = "raised", "ended", "test"
AGAIN = RetryStrategy(max_attempts=9, exponential_wait=4, retry_exceptions={Undelivered})  # after 4 s, 16 s … for about a day


def concerned(alarm: Alarm) -> list[int]:
    """The organisations that an alarm is about: its own, or all where it is about the installation."""
    return [alarm.organisation_id] if alarm.organisation_id else list(Organisation.objects.values_list("pk", flat=True))


def queue(alarm: Alarm, event: str) -> None:
    """Make a job for everybody who is to be told, in the caller's transaction."""
    for receiver in receivers(alarm):
        tell_later.defer(alarm_id=alarm.pk, receiver_id=receiver, event=event)
    for number in house(alarm):
        tell_house_later.defer(alarm_id=alarm.pk, number=number, event=event)


def at_once(alarm: Alarm, event: str) -> None:
    """Tell everybody now, because no worker lives that could; who cannot be reached is left out."""
    for receiver in receivers(alarm):
        with suppress(Undelivered):
            tell(alarm.pk, receiver, event)
    for number in house(alarm):
        with suppress(Undelivered):
            tell_house(alarm.pk, number, event)


@app.task(name="watch.tell", retry=AGAIN)
def tell_later(alarm_id: int, receiver_id: int, event: str) -> None:
    """Tell one receiver; what cannot succeed is not tried again."""
    with suppress(Final):
        tell(alarm_id, receiver_id, event)


@app.task(name="watch.tell_house", retry=AGAIN)
def tell_house_later(alarm_id: int, number: int, event: str) -> None:
    """Tell one of the installation's own addresses."""
    with suppress(Final):
        tell_house(alarm_id, number, event)


def house(alarm: Alarm) -> range:
    """Which of the installation's own addresses are told: all, of what concerns the installation."""
    return range(len(settings.ALARM_MAIL) if alarm.organisation_id is None else 0)


def receivers(alarm: Alarm) -> list[int]:
    """Who is told. What concerns the installation goes to its own addresses, and where there are none to everybody's."""
    found = AlarmReceiver.objects.filter(active=True)
    if alarm.organisation_id is not None:
        found = found.filter(organisation=alarm.organisation_id)
    elif settings.ALARM_MAIL:
        return []
    if alarm.level == Alarm.Level.WARNING:
        found = found.filter(warnings=True)
    return list(found.order_by("id").values_list("pk", flat=True))


def tell(alarm_id: int, receiver_id: int, event: str) -> None:
    """Tell one receiver of one alarm, unless it has become pointless. Raises Undelivered or Final where it did not work."""
    alarm = Alarm.objects.select_related("channel").filter(pk=alarm_id).first()
    receiver = AlarmReceiver.objects.select_related("organisation", "operator").filter(pk=receiver_id, active=True).first()
    if alarm is not None and receiver is not None and not pointless(alarm, event):
        deliver(alarm, receiver, event)


def pointless(alarm: Alarm, event: str) -> bool:
    """Nobody needs to hear late of what is over, nor that something is over that nobody heard of."""
    return alarm.ended_at is not None if event == RAISED else alarm.told_at is None


def deliver(alarm: Alarm, receiver: AlarmReceiver, event: str) -> None:
    """Tell, and note at the receiver how it went."""
    try:
        if receiver.way == "webhook":
            _call(alarm, receiver, event)
        else:
            _mail(alarm, receiver.organisation, event, address(receiver), receiver.operator.language if receiver.operator else "de")
    except Undelivered as problem:
        receiver.problem, receiver.problem_at = problem.problem, timezone.now()
        receiver.active = receiver.active and problem.problem not in {"gone", "no_right"}
        receiver.save(update_fields=["problem", "problem_at", "active"])
        log.warning("alarm.untold alarm=%s receiver=%s problem=%s", alarm.pk, receiver.pk, problem.problem)
        raise
    receiver.told_at, receiver.problem, receiver.problem_at = timezone.now(), "", None
    receiver.save(update_fields=["told_at", "problem", "problem_at"])
    told(alarm)


def tell_house(alarm_id: int, number: int, event: str) -> None:
    """Tell one of the installation's own addresses. Raises Undelivered."""
    alarm = Alarm.objects.filter(pk=alarm_id).first()
    if alarm is not None and not pointless(alarm, event) and number < len(settings.ALARM_MAIL):
        _mail(alarm, None, event, settings.ALARM_MAIL[number], "de")
        told(alarm)


def tell_unwritten(alarm: Alarm, event: str) -> None:
    """Tell the installation's own addresses of an alarm that stands in no table; who cannot be reached is left out."""
    for to in settings.ALARM_MAIL:
        with suppress(Undelivered):
            _mail(alarm, None, event, to, "de")


def told(alarm: Alarm) -> None:
    if alarm.pk:  # a test alarm is not kept
        Alarm.objects.filter(pk=alarm.pk, told_at=None).update(told_at=timezone.now())


def address(receiver: AlarmReceiver) -> str:
    """Where a mail goes. An operator who no longer manages the organisation is not told."""
    if receiver.operator is None:
        return receiver.email
    membership = Membership.objects.filter(organisation=receiver.organisation, operator=receiver.operator).first()
    if membership is None or not receiver.operator.is_active or not may(membership, Right.MANAGE):
        raise Final("no_right")
    return receiver.operator.email


# ── The mail ──────────────────────────────────────────────────────────────


def _mail(alarm: Alarm, organisation: Organisation | None, event: str, to: str, language: str) -> None:
    with translation.override(language):
        subject, text = words(alarm, organisation, event)
    try:
        EmailMessage(subject, text, to=[to], headers={"Auto-Submitted": "auto-generated"}).send()
    except (smtplib.SMTPException, OSError):
        raise Undelivered("mail") from None


def words(alarm: Alarm, organisation: Organisation | None, event: str) -> tuple[str, str]:
    """Subject and text of the mail, in the language that is switched on."""
    name = organisation.name if organisation else ""
    lines = [_("Organisation: {name}").format(name=name)] if name else []
    if event == TEST:
        subject = _("Probealarm") + (f" ({name})" if name else "")
        lines.append(_("Dies ist eine Probe. Es ist alles in Ordnung."))
    else:
        kind = kinds.KINDS[alarm.kind]
        where = (alarm.channel.name or channels.title(alarm.channel.kind)) if alarm.channel else name
        what = _("Entwarnung") if event == ENDED else _("Alarm")
        subject = f"{what}: {kind.title}" + (f" ({where})" if where else "")
        lines += [_("Kanal: {name}").format(name=where)] if alarm.channel else []
        lines += _over(alarm, kind) if event == ENDED else _begun(alarm, kind)
    if organisation is not None:
        lines += ["", f"{settings.PUBLIC_URL}/o/{organisation.slug}/zustellung/"]
    return " ".join(f"[Bürgerdraht] {subject}".split()), "\n".join(lines)


def _begun(alarm: Alarm, kind: kinds.Kind) -> list[str]:
    since = _("Seit {at}: {title}.").format(at=_moment(alarm.since), title=kind.title)
    return [since, kinds.sentence(alarm), "", _("Was zu tun ist: {advice}").format(advice=kind.advice)]


def _over(alarm: Alarm, kind: kinds.Kind) -> list[str]:
    return [_("Seit {at} wieder in Ordnung. Der Alarm war: {title}.").format(at=_moment(alarm.ended_at), title=kind.title)]


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j.n.Y, H:i") if at else "–"


# ── The webhook ───────────────────────────────────────────────────────────


def _call(alarm: Alarm, receiver: AlarmReceiver, event: str) -> None:
    body = json.dumps(payload(alarm, receiver, event), separators=(",", ":")).encode()
    number = f"alarm_{alarm.pk or 0}_{event}_{receiver.pk}"  # the same at every try, so that the receiver can tell a repetition
    outward.post(receiver.url, body, signing.headers([receiver.secret], number, int(time.time()), body), settings.ALARM_NETWORKS)


def payload(alarm: Alarm, receiver: AlarmReceiver, event: str) -> dict[str, Any]:
    """What machines are told: ids, numbers and codes."""
    return {
        "type": f"alarm.{event}",
        "timestamp": _iso(alarm.ended_at or alarm.raised_at or alarm.since),
        "data": {
            "alarm": alarm.pk,
            "kind": TEST if event == TEST else alarm.kind,
            "level": alarm.level,
            "organisation": receiver.organisation_id,
            "channel": alarm.channel_id,
            "since": _iso(alarm.since),
            "ended_at": _iso(alarm.ended_at),
            "values": alarm.values,
        },
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
