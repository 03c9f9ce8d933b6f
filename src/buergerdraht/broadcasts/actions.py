"""What happens to broadcasts: write, submit, release, send, pause, stop, settle. Rights are asked by the views, states here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import checks, gate, posts
from buergerdraht.broadcasts.models import Broadcast, BroadcastEvent, Piece, Posting, Recipient, TestAddress
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Batch, Outbound
from buergerdraht.webhooks import events

State = Broadcast.State
WRITABLE = {State.DRAFT, State.SUBMITTED, State.APPROVED}
TOLD = {"start": "broadcast.started", "finish": "broadcast.finished", "stop": "broadcast.finished"}  # what other systems hear of


class Stale(Exception):
    """Somebody else changed it meanwhile."""


def _locked(broadcast: Broadcast, *states: str) -> Broadcast:
    """Lock the row and see that it still stands where the operator saw it."""
    gate.shut(broadcast.pk)
    row = Broadcast.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=broadcast.pk)
    if row.state not in states:
        raise ValidationError(_("Das geht nicht mehr: Die Rundnachricht hat inzwischen einen anderen Stand."))
    return row


def _note(broadcast: Broadcast, what: str, operator: Operator | None, text: str = "", **details: Any) -> None:
    BroadcastEvent.objects.create(broadcast=broadcast, operator=operator, what=what, text=text[:300])
    audit.record(broadcast.organisation, f"broadcasts.{what}", operator=operator, subject=f"broadcast:{broadcast.pk}", **details)
    live.tell(broadcast.organisation_id, "broadcast", id=broadcast.pk)
    if what in TOLD:
        events.tell(broadcast.organisation_id, TOLD[what], broadcast=broadcast.pk)


@transaction.atomic
def create(organisation: Organisation, *, operator: Operator | None, title: str = "", **fields: Any) -> Broadcast:
    broadcast = Broadcast.objects.create(organisation=organisation, author=operator, title=title, **fields)
    _note(broadcast, "create", operator)
    return broadcast


@transaction.atomic
def change(broadcast: Broadcast, *, operator: Operator, version: int, **fields: Any) -> Broadcast:
    """Save what was written; `postings` are the public places (posts.Wish). A released text that changes must be released again.

    Raises Stale where another editor was faster.
    """
    row = _locked(broadcast, *WRITABLE)
    if row.version != version:
        raise Stale
    places = fields.pop("postings", None)
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    moved = places is not None and posts.choose(row, places)
    if not changed and not moved:
        return row
    for name in changed:
        setattr(row, name, fields[name])
    changed += ["postings"] if moved else []
    if row.state != State.DRAFT:
        row.state, row.approver, row.approved_at = State.DRAFT, None, None
        _note(row, "change", operator, _("Nach einer Änderung ist eine neue Freigabe nötig."), fields=changed)
    elif row.author_id != operator.pk:
        _note(row, "change", operator, fields=changed)
    row.version += 1
    row.save()
    return row


@transaction.atomic
def submit(broadcast: Broadcast, *, operator: Operator, seen: int | None = None) -> Broadcast:
    """Give it to be released; where nobody else must look, it is released at once. Raises ValidationError with all that is missing.

    `seen` is the version the operator was asked about: raises Stale where it has changed since.
    """
    row = _locked(broadcast, State.DRAFT)
    _unchanged(row, seen)
    if problems := checks.errors(row):
        raise ValidationError(problems)
    row.submitted_at = timezone.now()
    row.state = State.SUBMITTED
    if row.author_id is None:
        row.author = operator
    _note(row, "submit", operator, row.hint)
    if not row.organisation.approval_required:
        _release(row, operator)
    row.save()
    return row


@transaction.atomic
def approve(broadcast: Broadcast, *, operator: Operator, seen: int | None = None) -> Broadcast:
    """Release it. Where the organisation demands a second person, the author cannot be that person. `seen`: see `submit`."""
    row = _locked(broadcast, State.SUBMITTED)
    _unchanged(row, seen)
    if row.organisation.approval_required and operator.pk in writers(row):
        raise PermissionDenied(_("Die eigene Rundnachricht gibt eine andere Person frei."))
    if problems := checks.errors(row):
        raise ValidationError(problems)
    _release(row, operator)
    row.save()
    return row


def _unchanged(row: Broadcast, seen: int | None) -> None:
    if seen is not None and row.version != seen:
        raise Stale


def writers(broadcast: Broadcast) -> set[int | None]:
    """Name whose word it is: the author, and whoever handed it in last. Neither is the second person."""
    handed_in = broadcast.events.filter(what="submit").order_by("-id").values_list("operator_id", flat=True).first()
    return {broadcast.author_id, handed_in}


def _release(row: Broadcast, operator: Operator) -> None:
    row.state, row.approver, row.approved_at = State.APPROVED, operator, timezone.now()
    _note(row, "approve", operator)
    transaction.on_commit(_begin_now)


def _begin_now() -> None:
    """Let the worker look at once: a warning need not wait for the clock's next round."""
    from buergerdraht.broadcasts.tasks import round_of_all

    with suppress(AlreadyEnqueued):
        round_of_all.configure().defer(timestamp=0)


@transaction.atomic
def send_back(broadcast: Broadcast, *, operator: Operator, reason: str) -> Broadcast:
    row = _locked(broadcast, State.SUBMITTED)
    row.state = State.DRAFT
    row.save(update_fields=["state", "updated_at"])
    _note(row, "send_back", operator, reason)
    return row


@transaction.atomic
def rework(broadcast: Broadcast, *, operator: Operator | None) -> Broadcast:
    """Take it back into writing: what was released must be released again."""
    row = _locked(broadcast, State.SUBMITTED, State.APPROVED)
    row.state, row.approver, row.approved_at = State.DRAFT, None, None
    row.save(update_fields=["state", "approver", "approved_at", "updated_at"])
    _note(row, "rework", operator)
    return row


@transaction.atomic
def withdraw(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    """Take it back before it goes."""
    row = _locked(broadcast, State.DRAFT, State.SUBMITTED, State.APPROVED)
    row.state = State.WITHDRAWN
    row.save(update_fields=["state", "updated_at"])
    _note(row, "withdraw", operator)
    return row


@transaction.atomic
def pause(broadcast: Broadcast, *, operator: Operator | None) -> Broadcast:
    row = _locked(broadcast, State.SENDING)
    row.state = State.PAUSED
    row.save(update_fields=["state", "updated_at"])
    outreach.hold(row.pk)
    _note(row, "pause", operator)
    return row


@transaction.atomic
def resume(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    row = _locked(broadcast, State.PAUSED)
    row.state = State.SENDING
    row.save(update_fields=["state", "updated_at"])
    outreach.release(row.pk)
    if not row.urgent:
        outreach.keep_quiet(row.organisation, row.pk)
    _note(row, "resume", operator)
    return row


@transaction.atomic
def stop(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    """End it: whoever was not written to yet gets nothing, and the ledger says so."""
    row = _locked(broadcast, State.SENDING, State.PAUSED)
    row.state, row.finished_at = State.STOPPED, timezone.now()
    row.save(update_fields=["state", "finished_at", "updated_at"])
    Posting.objects.filter(broadcast=row, state__in=[Posting.State.PLANNED, Posting.State.HANDED]).update(
        state=Posting.State.SKIPPED, note=_("Der Versand wurde abgebrochen."), remind_at=None
    )
    outreach.stop_batch(row.pk)  # the ledger counts them as cancelled from now on; the worker writes it to each row
    _note(row, "stop", operator)
    return row


@transaction.atomic
def duplicate(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    title = _("%(title)s (Kopie)") % {"title": broadcast.title[:110]}
    copy = create(
        broadcast.organisation, operator=operator, title=title, versions=broadcast.versions, audience=broadcast.audience,
        templates=broadcast.templates, urgent=broadcast.urgent,
    )  # fmt: skip
    posts.choose(copy, posts.wishes(broadcast))
    return copy


@transaction.atomic
def follow_up(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    """Draft the same for those it did not reach, not for those who want none."""
    if Piece.objects.filter(broadcast=broadcast).exists() or Batch.objects.filter(pk=broadcast.pk, state=Batch.State.STOPPED).exists():
        raise ValidationError(_("Bitte versuchen Sie es noch einmal."))  # the worker is still writing down who got nothing
    missed = Recipient.objects.filter(broadcast=broadcast, contact__isnull=False).filter(_missed()).values_list("contact_id", flat=True)
    if not missed:  # nobody named would mean everybody
        raise ValidationError(_("Es gibt niemanden, bei dem ein zweiter Versuch sinnvoll ist."))
    return create(
        broadcast.organisation, operator=operator, title=broadcast.title, versions=broadcast.versions, templates=broadcast.templates,
        audience={**broadcast.audience, "contacts": list(missed)}, urgent=broadcast.urgent, follows=broadcast,
    )  # fmt: skip


def _missed() -> Any:
    from django.db.models import Q

    failed = Q(outbound__state__in=["failed", "cancelled"]) | Q(outbound__receipt="failed")
    return failed | Q(refused__in=["no_template", "cancelled", "window_closed"])


@transaction.atomic
def archive(broadcast: Broadcast, *, operator: Operator) -> Broadcast:
    row = _locked(broadcast, State.DRAFT, State.DONE, State.STOPPED, State.WITHDRAWN)
    row.archived_at = None if row.archived_at else timezone.now()
    row.save(update_fields=["archived_at", "updated_at"])
    _note(row, "archive", operator)
    return row


def settle(broadcast: Broadcast, *, operator: Operator, again: bool) -> int:
    """Decide all unclear ones alike: send again, or take them as arrived. Returns how many."""
    letters = Outbound.objects.filter(organisation=broadcast.organisation, batch=broadcast.pk)
    decided = outreach.settle_many(posts.to_people(letters, broadcast), again=again)  # a post is decided on its own
    with transaction.atomic():
        row = _locked(broadcast, State.DONE, State.SENDING, State.PAUSED, State.STOPPED)
        if again and decided and row.state == State.DONE:
            row.state = State.SENDING
            row.save(update_fields=["state", "updated_at"])
        _note(row, "settle", operator, again=again, number=decided)
    return decided


@transaction.atomic
def set_test_address(operator: Operator, address: Address) -> None:
    TestAddress.objects.update_or_create(
        operator=operator, organisation=address.organisation, channel=address.channel, defaults={"address": address}
    )


def test(broadcast: Broadcast, *, operator: Operator, build: Callable[[str], Any]) -> list[str]:
    """Send it to the operator's own phones. Returns the channels' names; raises ValidationError where none is known or may be used."""
    own = TestAddress.objects.filter(operator=operator, organisation=broadcast.organisation).select_related("address__contact", "channel")
    if not own:
        raise ValidationError(_("Wählen Sie zuerst, welches Telefon Ihres ist."))
    reached = []
    for row in own:
        try:
            outreach.send(row.address, build(row.address.contact.language), purpose="service", operator=operator)
        except outreach.Refused as refused:
            if refused.reason == "window_closed":
                raise ValidationError(
                    _("Schreiben Sie dem Kanal „%(name)s“ zuerst etwas: Er darf Ihnen nur innerhalb von 24 Stunden frei antworten.")
                    % {"name": row.channel.name}
                ) from None
            raise ValidationError(_("An dieses Telefon darf nicht gesendet werden.")) from None
        reached.append(row.channel.name)
    audit.record(broadcast.organisation, "broadcasts.test", operator=operator, subject=f"broadcast:{broadcast.pk}")
    return reached
