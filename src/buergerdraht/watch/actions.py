"""What operators decide about watching: who is told, and whom the canary writes to. Each verb leaves its entry in the audit log."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import outward
from buergerdraht.gateway.models import Channel
from buergerdraht.watch import kinds, telling
from buergerdraht.watch.models import Alarm, AlarmReceiver, Probe, webhook_secret

LEAST_MINUTES, MOST_MINUTES = 1, 1440
LEAST_SECONDS, MOST_SECONDS = 5, 900


class Way(NamedTuple):
    """How somebody is told: an operator, an address, or a webhook; exactly one."""

    to: Operator | None = None
    email: str = ""
    url: str = ""

    @property
    def name(self) -> str:
        return "operator" if self.to else "email" if self.email else "webhook"


@transaction.atomic
def add_receiver(organisation: Organisation, way: Way, *, operator: Operator, warnings: bool = True) -> AlarmReceiver:
    """Let somebody be told. Raises ValidationError with a German sentence."""
    _check(organisation, way)
    try:
        with transaction.atomic():
            receiver = AlarmReceiver.objects.create(
                organisation=organisation, way=way.name, operator=way.to, email=way.email, url=way.url, warnings=warnings
            )
    except IntegrityError:
        raise ValidationError(_("Diese Person oder Adresse steht schon auf der Liste.")) from None
    _note(organisation, "add_receiver", operator, receiver=receiver.pk, way=way.name)
    return receiver


def _check(organisation: Organisation, way: Way) -> None:
    if sum(map(bool, way)) != 1:
        raise ValidationError(_("Wählen Sie eine Person, eine Mailadresse oder eine Webadresse."))
    if way.to is not None:
        membership = Membership.objects.filter(organisation=organisation, operator=way.to).first()
        if membership is None or not may(membership, Right.MANAGE):
            raise ValidationError(_("Diese Person verwaltet die Organisation nicht."))
    elif way.email:
        validate_email(way.email)
    else:
        try:
            outward.refuse(way.url, settings.ALARM_NETWORKS)
        except outward.Undelivered as problem:
            raise ValidationError(str(kinds.PROBLEMS[problem.problem])) from None


@transaction.atomic
def change_receiver(receiver: AlarmReceiver, *, operator: Operator, active: bool, warnings: bool) -> None:
    """Switch a receiver on or off, for faults alone or for warnings, too."""
    receiver.active, receiver.warnings = active, warnings
    receiver.save(update_fields=["active", "warnings"])
    _note(receiver.organisation, "change_receiver", operator, receiver=receiver.pk, active=active, warnings=warnings)


@transaction.atomic
def renew_secret(receiver: AlarmReceiver, *, operator: Operator) -> None:
    """Make the word anew that signs a webhook; the other side must learn it."""
    receiver.secret = webhook_secret()
    receiver.save(update_fields=["secret"])
    _note(receiver.organisation, "renew_secret", operator, receiver=receiver.pk)


@transaction.atomic
def drop_receiver(receiver: AlarmReceiver, *, operator: Operator) -> None:
    number = receiver.pk
    receiver.delete()
    _note(receiver.organisation, "drop_receiver", operator, receiver=number)


def test_alarm(receiver: AlarmReceiver, *, operator: Operator) -> str:
    """Tell a receiver now, as a test. Returns "" where it worked, else a code of kinds.PROBLEMS; may take 15 seconds."""
    now = timezone.now()
    alarm = Alarm(
        organisation=receiver.organisation, kind=Alarm.Kind.CANARY_LOST, level=Alarm.Level.WARNING, since=now, seen_at=now, raised_at=now
    )
    problem = ""
    try:
        telling.deliver(alarm, receiver, telling.TEST)
    except outward.Undelivered as failure:
        problem = failure.problem
    _note(receiver.organisation, "test_alarm", operator, receiver=receiver.pk, problem=problem)
    return problem


# Not a test, whatever its name says to pytest.
test_alarm.__test__ = False  # type: ignore[attr-defined]


@transaction.atomic
def set_probe(channel: Channel, address: Address, minutes: int, *, operator: Operator, within: int = 60) -> Probe:
    """Let the canary of a channel write to this address. Raises ValidationError."""
    if address.channel_id != channel.pk:
        raise ValidationError(_("Diese Person ist auf diesem Kanal nicht erreichbar."))
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES or not LEAST_SECONDS <= within <= MOST_SECONDS:
        raise ValidationError(_("Der Abstand muss zwischen 1 und 1440 Minuten liegen, die Frist zwischen 5 und 900 Sekunden."))
    values = {
        "address": address,
        "minutes": minutes,
        "within": within,
        "active": True,
        "state": Probe.State.NEW,
        "reason": "",
        "sent_at": None,
    }
    probe, _made = Probe.objects.update_or_create(channel=channel, defaults=values)
    probe.runs.filter(state=Probe.State.WAITING).delete()
    _note(channel.organisation, "set_probe", operator, channel=channel.pk, contact=address.contact_id, minutes=minutes, within=within)
    return probe


@transaction.atomic
def drop_probe(channel: Channel, *, operator: Operator) -> None:
    """Let the canary be silent; its letters go with the others, after two days."""
    if Probe.objects.filter(channel=channel, active=True).update(active=False, state=Probe.State.NEW, reason=""):
        _note(channel.organisation, "drop_probe", operator, channel=channel.pk)


def _note(organisation: Organisation, verb: str, operator: Operator, **details: Any) -> None:
    audit.record(organisation, f"watch.{verb}", operator=operator, subject="watch", **details)
