"""Nobody forgets what only a person can post: who wrote and who released it are told by mail when its time has passed, once."""

from __future__ import annotations

import smtplib
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.accounts.rights import Right, may
from buergerdraht.broadcasts.models import Posting
from buergerdraht.gateway import live

AGAIN = RetryStrategy(max_attempts=9, exponential_wait=4, retry_exceptions={smtplib.SMTPException, OSError})
PIECE = 200


def remind(now: datetime) -> int:
    """Make a mail for everybody whose post waits too long. Returns for how many posts."""
    number = 0
    due = Posting.objects.filter(state=Posting.State.HANDED, remind_at__lte=now, reminded_at=None)
    for posting in list(due.select_related("broadcast").order_by("remind_at")[:PIECE]):
        with transaction.atomic():
            if not Posting.objects.filter(pk=posting.pk, state=Posting.State.HANDED, reminded_at=None).update(reminded_at=now):
                continue
            for operator in sorted({posting.broadcast.author_id or 0, posting.broadcast.approver_id or 0} - {0}):
                tell_later.defer(posting_id=posting.pk, operator_id=operator)
            live.tell(posting.organisation_id, "broadcast", id=posting.broadcast_id)
        number += 1
    return number


@app.task(name="broadcasts.remind", retry=AGAIN)
def tell_later(posting_id: int, operator_id: int) -> None:
    """Tell one person, unless it was posted meanwhile or they no longer write here. Ids and names of places only (law 12)."""
    posting = Posting.objects.select_related("organisation", "channel").filter(pk=posting_id, state=Posting.State.HANDED).first()
    if posting is None:
        return
    member = Membership.objects.select_related("operator").filter(organisation=posting.organisation, operator=operator_id).first()
    if member is not None and member.operator.is_active and may(member, Right.WRITE):
        _mail(posting, member.operator)


def _mail(posting: Posting, operator: Operator) -> None:
    with translation.override(operator.language or "de"):
        path = reverse("broadcasts:posting", args=[posting.organisation.slug, posting.broadcast_id, posting.pk])
        url = f"{settings.PUBLIC_URL.rstrip('/')}{path}"
        values = {"place": posting.channel.name, "organisation": posting.organisation.name, "url": url}
        subject = _("Ein Beitrag wartet auf Sie: %(place)s") % values
        text = _(
            "Ein Beitrag für „%(place)s“ (%(organisation)s) ist vorbereitet und noch nicht veröffentlicht. "
            "Dort kann ihn nur ein Mensch veröffentlichen.\n\n"
            "Öffnen Sie ihn, veröffentlichen Sie ihn und bestätigen Sie es, oder lassen Sie ihn mit einem Grund aus:\n%(url)s"
        )
        EmailMessage(subject, text % values, settings.DEFAULT_FROM_EMAIL, [operator.email]).send()
