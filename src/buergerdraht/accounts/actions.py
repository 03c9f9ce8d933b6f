"""What happens to organisations, teams and operators. The only writer; every verb leaves its audit row."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Invitation, Membership, Operator, Organisation, Role, Team

INVITATION_DAYS = 7


@transaction.atomic
def create_organisation(slug: str, name: str, **fields: Any) -> Organisation:
    organisation = Organisation(slug=slug, name=name, languages=fields.pop("languages", ["de"]), **fields)
    organisation.full_clean(exclude=["privacy_text", "greeting", "away", "office_hours", "closed_days", "retention", "prices"])
    organisation.save()
    audit.record(organisation, "accounts.create_organisation", subject=f"organisation:{organisation.pk}")
    return organisation


@transaction.atomic
def change_organisation(organisation: Organisation, *, operator: Operator | None, **fields: Any) -> list[str]:
    """Set fields that differ; the log names them, not their texts. Returns their names."""
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = [name for name, value in fields.items() if getattr(locked, name) != value]
    for name in changed:
        setattr(locked, name, fields[name])
        setattr(organisation, name, fields[name])
    if changed:
        locked.save(update_fields=changed)
        audit.record(organisation, "accounts.change_organisation", operator=operator, subject=f"organisation:{locked.pk}", fields=changed)
    return changed


@transaction.atomic
def join(organisation: Organisation, operator: Operator, roles: Iterable[str], teams: Iterable[Team] = ()) -> Membership:
    """Make somebody a member, or set what a member may do."""
    membership, _new = Membership.objects.update_or_create(
        organisation=organisation, operator=operator, defaults={"roles": sorted(set(roles))}
    )
    membership.teams.set(teams)
    audit.record(organisation, "accounts.join", operator=operator, subject=f"operator:{operator.pk}", roles=membership.roles)
    return membership


@transaction.atomic
def change_member(membership: Membership, *, roles: Iterable[str], teams: Iterable[Team], operator: Operator) -> None:
    """Set roles and teams. Somebody must stay who can administrate."""
    roles = sorted(set(roles))
    if Role.ADMINISTRATOR not in roles:
        _someone_stays(membership)
    membership.roles = roles
    membership.save(update_fields=["roles"])
    membership.teams.set(teams)
    audit.record(
        membership.organisation, "accounts.change_member", operator=operator, subject=f"operator:{membership.operator_id}", roles=roles
    )


@transaction.atomic
def remove_member(membership: Membership, *, operator: Operator) -> None:
    if membership.operator_id == operator.pk:
        raise ValidationError(gettext("Sie können sich nicht selbst entfernen. Bitten Sie eine andere Person darum."))
    _someone_stays(membership)
    organisation, subject = membership.organisation, f"operator:{membership.operator_id}"
    membership.delete()
    audit.record(organisation, "accounts.remove_member", operator=operator, subject=subject)


def _someone_stays(membership: Membership) -> None:
    others = Membership.objects.select_for_update().filter(organisation=membership.organisation, roles__contains=[Role.ADMINISTRATOR])
    if Role.ADMINISTRATOR in membership.roles and not others.exclude(pk=membership.pk).exists():
        raise ValidationError(gettext("Mindestens eine Person muss die Administration behalten."))


@transaction.atomic
def invite(organisation: Organisation, *, name: str, email: str, roles: Iterable[str], teams: Iterable[Team], operator: Operator) -> str:
    """Invite somebody by link; returns its token, which is shown once and kept only as a hash."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        organisation=organisation, name=name, email=email.lower(), roles=sorted(set(roles)), token_hash=_hashed(token), invited_by=operator,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )  # fmt: skip
    invitation.teams.set(teams)
    audit.record(organisation, "accounts.invite", operator=operator, subject=f"invitation:{invitation.pk}", roles=invitation.roles)
    return token


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, operator: Operator) -> None:
    organisation, subject = invitation.organisation, f"invitation:{invitation.pk}"
    invitation.delete()
    audit.record(organisation, "accounts.withdraw_invitation", operator=operator, subject=subject)


def find_invitation(token: str) -> Invitation | None:
    """Find an invitation that is still good."""
    return Invitation.objects.filter(token_hash=_hashed(token), accepted_at=None, expires_at__gt=timezone.now()).first()


@transaction.atomic
def accept(invitation: Invitation, *, name: str, password: str) -> Operator:
    """Use an invitation once. Somebody known elsewhere in the house keeps their password and signs in with it."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.accepted_at:
        raise ValidationError(gettext("Diese Einladung wurde schon angenommen."))
    operator = Operator.objects.filter(email=locked.email).first()
    if operator is None:
        operator = Operator.objects.create_user(locked.email, password, name=name)
    join(locked.organisation, operator, locked.roles, locked.teams.all())
    locked.accepted_at = timezone.now()
    locked.save(update_fields=["accepted_at"])
    return operator


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def make_team(organisation: Organisation, name: str, *, operator: Operator | None) -> Team:
    if Team.objects.filter(organisation=organisation, name__iexact=name).exists():
        raise ValidationError(gettext("Ein Team mit diesem Namen gibt es schon."))
    team = Team.objects.create(organisation=organisation, name=name)
    audit.record(organisation, "accounts.make_team", operator=operator, subject=f"team:{team.pk}")
    return team


@transaction.atomic
def remove_team(team: Team, *, operator: Operator) -> None:
    organisation, subject = team.organisation, f"team:{team.pk}"
    team.delete()
    audit.record(organisation, "accounts.remove_team", operator=operator, subject=subject)
