"""What our people do with webhooks: add, change, probe, send again, rotate, switch, delete. `events` and `sending` write the rest."""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.gateway import live, outward, signing
from buergerdraht.webhooks import events
from buergerdraht.webhooks.kinds import KINDS, TEST
from buergerdraht.webhooks.models import Delivery, Event, Hook

log = logging.getLogger("buergerdraht.webhooks")
MOST = 20  # of an organisation
OVERLAP = timedelta(days=1)  # the old secret still signs
KEPT = timedelta(days=30)


@transaction.atomic
def save(hook: Hook, *, operator: Operator) -> Hook:
    """Keep an address and what it wants to hear. Raises ValidationError by field."""
    wanted = [what for what in KINDS if what in hook.events]
    if not wanted or len(wanted) != len(set(hook.events)):
        raise ValidationError({"events": _("Wählen Sie mindestens ein Ereignis.")})
    try:
        outward.refuse(hook.url, settings.CALL_NETWORKS)
    except outward.Final:
        raise ValidationError(
            {"url": _("Diese Adresse kann nicht angerufen werden. Sie beginnt mit https:// und ist öffentlich.")}
        ) from None
    if hook.pk is None and Hook.objects.filter(organisation=hook.organisation).count() >= MOST:
        raise ValidationError(_("Mehr als %(most)s Webhooks sind nicht vorgesehen.") % {"most": MOST})
    hook.events = wanted
    new = hook.pk is None
    hook.created_by = hook.created_by if not new else operator
    hook.save()
    _noted(hook, "add" if new else "change", operator, events=wanted)
    return hook


@transaction.atomic
def switch(hook: Hook, active: bool, *, operator: Operator) -> None:
    """Switch it on or off. What waits is kept, and sent when it is on again."""
    row = Hook.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=hook.pk)
    row.active, row.reason = active, Hook.Reason.NONE if active else Hook.Reason.SWITCHED
    row.failures, row.failing_since, row.rests_until = 0, None, None
    row.save(update_fields=["active", "reason", "failures", "failing_since", "rests_until"])
    _noted(row, "switch", operator, active=active)


def give_up(hook: Hook, reason: str) -> None:
    """Send no more to an address that is gone or failed for a day, and tell those who manage the organisation. Within a transaction."""
    hook.active, hook.reason = False, reason
    hook.save(update_fields=["active", "reason"])
    _noted(hook, "give_up", None, reason=reason)
    transaction.on_commit(lambda: _warn(hook), robust=True)


@transaction.atomic
def rotate(hook: Hook, *, operator: Operator) -> Hook:
    """Make a new secret. For a day both sign, so that the other side can change in peace."""
    row = Hook.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=hook.pk)
    row.old_secret, row.old_until, row.secret = row.secret, timezone.now() + OVERLAP, signing.new_secret()
    row.save(update_fields=["secret", "old_secret", "old_until"])
    _noted(row, "rotate", operator)
    return row


@transaction.atomic
def delete(hook: Hook, *, operator: Operator) -> None:
    _noted(hook, "delete", operator)
    hook.delete()


@transaction.atomic
def probe(hook: Hook, *, operator: Operator) -> Event:
    """Send an event that says nothing, to see whether the other side hears."""
    Hook.objects.filter(pk=hook.pk).update(rests_until=None)
    _noted(hook, "probe", operator)
    return events.write(hook.organisation_id, TEST, {"hook": hook.pk}, [hook])


@transaction.atomic
def again(hook: Hook, *, operator: Operator, since: datetime | None = None, delivery: int | None = None) -> int:
    """Send one once more, or all that happened since: also what the address was not told, because it was off then. Returns how many."""
    now = timezone.now()
    if since is not None:
        wanted = Event.objects.filter(organisation=hook.organisation_id, at__gte=since, what__in=hook.events)
        missing = wanted.exclude(deliveries__hook=hook)
        Delivery.objects.bulk_create(
            [Delivery(hook=hook, event=event) for event in missing.iterator()], ignore_conflicts=True, batch_size=1000
        )
        rows = Delivery.objects.filter(hook=hook, event__at__gte=since)
    else:
        rows = Delivery.objects.filter(hook=hook, pk=delivery or 0)
    number = rows.update(tries=0, next_at=now, done_at=None)
    Hook.objects.filter(pk=hook.pk).update(rests_until=None)
    _noted(hook, "again", operator, deliveries=number)
    return number


def old(now: datetime) -> int:
    """Forget what happened 30 days ago. Returns how many events."""
    return Event.objects.filter(at__lt=now - KEPT).delete()[1].get("webhooks.Event", 0)


def _noted(hook: Hook, verb: str, operator: Operator | None, **details: object) -> None:
    audit.record(hook.organisation, f"webhooks.{verb}", operator=operator, subject=f"hook:{hook.pk}", **details)
    live.tell(hook.organisation_id, "hook", hook=hook.pk)
    events.forget()
    transaction.on_commit(events.forget)


# ── Those who manage ──────────────────────────────────────────────────────


def _warn(hook: Hook) -> None:
    """Write to everybody who may mend it; who cannot be reached sees it on the page."""
    rows = Membership.objects.filter(organisation=hook.organisation, operator__is_active=True).select_related("operator")
    for member in rows:
        if not may(member, Right.MANAGE):
            continue
        with translation.override(member.operator.language):
            subject, text = _words(hook, hook.organisation)
        try:
            EmailMessage(subject, text, to=[member.operator.email], headers={"Auto-Submitted": "auto-generated"}).send()
        except (smtplib.SMTPException, OSError) as problem:
            log.warning("webhooks.unwarned hook=%s operator=%s problem=%s", hook.pk, member.operator_id, type(problem).__name__)


def _words(hook: Hook, organisation: Organisation) -> tuple[str, str]:
    subject = " ".join(f"[Bürgerdraht] {_('Webhook abgeschaltet')}: {hook.name}".split())
    why = {
        Hook.Reason.GONE: _("Die Adresse hat geantwortet, dass es sie nicht mehr gibt (410)."),
        Hook.Reason.FAILING: _("Die Adresse war einen ganzen Tag lang nicht zu erreichen."),
    }[Hook.Reason(hook.reason)]
    what = _("Was wartet, geht hinaus, sobald er wieder eingeschaltet ist. Was bis dahin geschieht, erfährt das System nicht von selbst.")
    return subject, "\n".join([why, what, "", f"{settings.PUBLIC_URL}/o/{organisation.slug}/einstellungen/webhooks/"])
