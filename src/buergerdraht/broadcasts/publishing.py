"""What happens to posts in public places: confirmed or skipped by a person, tried again, decided, followed, and not forgotten."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.accounts.rights import Right, may
from buergerdraht.broadcasts import posts
from buergerdraht.broadcasts.actions import _note as note
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.connectors.contract import SendError
from buergerdraht.contacts import outreach
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Outbound, Part

log = logging.getLogger("buergerdraht.broadcasts")
State = Posting.State
SALT = "broadcasts.posting"
LINK_SECONDS = 24 * 3600
PIECE = 200


def _locked(posting: Posting, *states: str) -> Posting:
    rows = Posting.objects.select_for_update(of=("self",)).select_related("broadcast__organisation", "channel__organisation", "outbound")
    row = rows.get(pk=posting.pk)
    if row.state not in states:
        raise ValidationError(_("Das geht nicht mehr: Der Beitrag hat inzwischen einen anderen Stand."))
    return row


# ── By hand ───────────────────────────────────────────────────────────────


@transaction.atomic
def confirm(posting: Posting, *, operator: Operator | None, url: str = "", at: datetime | None = None, words: str = "") -> Posting:
    """Note that a person posted it, when, and where it can be read. Raises ValidationError for a time to come or what is no address."""
    row = _locked(posting, State.HANDED)
    now = timezone.now()
    url = url.strip()
    if url and (urlsplit(url).scheme not in {"https", "http"} or "." not in (urlsplit(url).hostname or "") or len(url) > 500):
        raise ValidationError(_("Das ist keine Internetadresse. Sie beginnt mit https://."))
    if at is not None and at > now:
        raise ValidationError(_("Dieser Zeitpunkt liegt in der Zukunft."))
    row.state, row.url, row.published_at, row.note = State.CONFIRMED, url, at or now, words.strip()[:300]
    row.confirmed_by, row.confirmed_at, row.remind_at = operator, now, None
    row.save(update_fields=["state", "url", "published_at", "note", "confirmed_by", "confirmed_at", "remind_at"])
    _note(row, "post_confirm", operator)
    return row


@transaction.atomic
def skip(posting: Posting, *, operator: Operator | None, reason: str) -> Posting:
    """Note that it will not be posted there, and why; what waits is taken back. Raises ValidationError where it is too late."""
    row = _locked(posting, State.HANDED, State.QUEUED)
    if not reason.strip():
        raise ValidationError(_("Schreiben Sie kurz, warum der Beitrag dort nicht erscheint."))
    if row.state == State.QUEUED and not _taken_back(row.outbound):
        raise ValidationError(_("Der Beitrag ist schon unterwegs und lässt sich nicht mehr auslassen."))
    row.state, row.note, row.remind_at = State.SKIPPED, reason.strip()[:300], None
    row.confirmed_by, row.confirmed_at = operator, timezone.now()
    row.save(update_fields=["state", "note", "remind_at", "confirmed_by", "confirmed_at"])
    _note(row, "post_skip", operator)
    return row


def _taken_back(letter: Outbound | None) -> bool:
    over = letter is None or letter.state in {Outbound.State.FAILED, Outbound.State.CANCELLED}
    return over or (letter is not None and outreach.take_back(letter))


@transaction.atomic
def renew_link(posting: Posting, *, operator: Operator) -> None:
    """Let every link to this post that was given out until now lead nowhere."""
    row = _locked(posting, State.HANDED)
    row.links += 1
    row.save(update_fields=["links"])
    _note(row, "post_link", operator)


def link(posting: Posting, operator: Operator) -> str:
    """Make the token with which a telephone may see this one post, for a day. It knows who asked for it, and confirms in their name."""
    return signing.dumps([posting.pk, operator.pk, posting.links], salt=SALT)


def opened(token: str) -> tuple[Posting, Operator] | None:
    """Find what a token leads to; None where it is forged, too old, renewed, or whoever asked for it may no longer write here."""
    try:
        number, asker, links = signing.loads(token, salt=SALT, max_age=LINK_SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    rows = Posting.objects.select_related("broadcast", "channel__organisation", "organisation")
    row = rows.filter(pk=number, links=links).exclude(state=State.PLANNED).first()
    if row is None:
        return None
    member = Membership.objects.select_related("operator").filter(organisation=row.organisation_id, operator=asker).first()
    if member is None or not member.operator.is_active or not may(member, Right.WRITE):
        return None
    return row, member.operator


# ── By machine ────────────────────────────────────────────────────────────


@transaction.atomic
def retry(posting: Posting, *, operator: Operator) -> None:
    """Post it again after it failed. Raises ValidationError where that is no longer so."""
    row = _locked(posting, State.QUEUED)
    if row.outbound is not None and row.outbound.state != Outbound.State.FAILED:
        raise ValidationError(_("Das geht nicht mehr: Der Beitrag hat inzwischen einen anderen Stand."))
    try:
        if row.outbound is None:
            _prepare_anew(row)
        else:
            outreach.retry(row.outbound)
    except outreach.Refused:
        raise ValidationError(_("Die Rundnachricht wurde abgebrochen: Der Beitrag geht nicht mehr hinaus.")) from None
    _note(row, "post_retry", operator)


def _prepare_anew(posting: Posting) -> None:
    """Queue or hand over what could not be prepared when the broadcast began."""
    if posting.broadcast.state == Broadcast.State.STOPPED:
        raise outreach.Refused("cancelled")
    try:
        with transaction.atomic():
            posts.prepare(posting, posting.broadcast)
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        log.error("posting.unprepared posting=%s problem=%s", posting.pk, type(problem).__name__)
        raise ValidationError(_("Der Beitrag lässt sich so nicht senden. Prüfen Sie den Zugang des Kanals.")) from None


@transaction.atomic
def settle(posting: Posting, *, operator: Operator, again: bool) -> None:
    """Decide about one that may stand there already: post it again, or take it as posted."""
    row = _locked(posting, State.QUEUED)
    if row.outbound is None or row.outbound.state != Outbound.State.UNCLEAR:
        raise ValidationError(_("Das geht nicht mehr: Der Beitrag hat inzwischen einen anderen Stand."))
    try:
        outreach.settle(row.outbound, again=again)
    except outreach.Refused:
        raise ValidationError(_("Die Rundnachricht wurde abgebrochen: Der Beitrag geht nicht mehr hinaus.")) from None
    _note(row, "post_settle", operator, again=again)


def follow() -> int:
    """Note which posts are there by now, and where. Returns how many."""
    there = Posting.objects.filter(state=State.QUEUED, outbound__state=Outbound.State.ACCEPTED)
    found = list(there.select_related("broadcast__organisation", "channel__organisation", "outbound").order_by("pk")[:PIECE])
    for posting in found:
        url = _url(posting)
        with transaction.atomic():
            values = {"state": State.SENT, "url": url, "published_at": posting.outbound.accepted_at}
            if Posting.objects.filter(pk=posting.pk, state=State.QUEUED).update(**values):
                _note(posting, "post_sent", None)
    return len(found)


def _url(posting: Posting) -> str:
    """Ask the connector where the first part of it can be read."""
    part = Part.objects.filter(outbound=posting.outbound_id).exclude(external_id=None).order_by("position").first()
    if part is None or not (external_id := part.external_id):
        return ""
    try:
        return channels.ask(posting.channel, lambda connector: connector.permalink(external_id))[:500]
    except (SendError, ValueError) as problem:  # away, or the set-up was changed into something else meanwhile
        log.warning("posting.no_address posting=%s problem=%s", posting.pk, type(problem).__name__)
        return ""


def _note(posting: Posting, what: str, operator: Operator | None, **details: Any) -> None:
    note(posting.broadcast, what, operator, posting.channel.name, posting=posting.pk, **details)
