"""Tokens of other systems: made once, shown once, taken away for good. The only writer; every verb leaves its audit row."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import ApiToken, Operator, Organisation, Team
from buergerdraht.accounts.rest.door import BURST, hashed
from buergerdraht.accounts.rest.scopes import SCOPES

MOST = 50  # that work at the same time
DAYS = (90, 365, 730)  # how long one may be good


@transaction.atomic
def make(
    organisation: Organisation, name: str, scopes: Collection[str], *, days: int, operator: Operator, teams: Iterable[Team] = ()
) -> tuple[ApiToken, str]:
    """Make a token. Its text is returned here and nowhere again."""
    now = timezone.now()
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValidationError({"scopes": _("Wählen Sie mindestens ein Recht.")})
    if ApiToken.objects.filter(organisation=organisation, revoked_at=None, expires_at__gt=now).count() >= MOST:
        sentence = _("Mehr als %(n)s Token sind nicht vorgesehen. Widerrufen Sie eines, das Sie nicht mehr brauchen.")
        raise ValidationError(sentence % {"n": MOST})
    actor = Operator(email=f"{uuid4().hex}@api.invalid", name=name, is_active=False)  # nobody can sign in as it
    actor.set_unusable_password()
    actor.save()
    prefix = f"bd_{secrets.token_hex(4)}"
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        organisation=organisation, name=name, prefix=prefix, token_hash=hashed(text), scopes=sorted(scopes), actor=actor,
        created_by=operator, expires_at=now + timedelta(days=days), level=BURST, level_at=now,
    )  # fmt: skip
    token.teams.set(teams)
    audit.record(
        organisation, "accounts.make_token", operator=operator, subject=f"token:{token.pk}", prefix=prefix, scopes=token.scopes, days=days
    )
    return token, text


@transaction.atomic
def revoke(token: ApiToken, *, operator: Operator) -> bool:
    """Take a token away: the next call with it is refused. Says whether it was still there to be taken."""
    row = ApiToken.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=token.pk)
    if row.revoked_at is not None:
        return False
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    audit.record(row.organisation, "accounts.revoke_token", operator=operator, subject=f"token:{row.pk}", prefix=row.prefix)
    return True
