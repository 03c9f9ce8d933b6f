"""Who may report: a system with a token of the authority that is good for it, sent as api_key in the body or as a header."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import ApiAnswer, ApiToken, Organisation
from buergerdraht.accounts.rest import door
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.accounts.rest.scopes import REPORT
from buergerdraht.cases.open311.calls import Refused


def token(request: HttpRequest, house: Organisation) -> ApiToken:
    """Find the token a call comes with, and take the call from its bucket. An address is no place for a key: it stands in logs.

    Raises Refused: 403 (General Errors), 429 where it calls too often.
    """
    kind, _space, bearer = request.headers.get("Authorization", "").partition(" ")
    said = request.POST.get("api_key") or request.headers.get("X-Api-Key") or (bearer if kind.lower() == "bearer" else "")
    found = door.known(said.strip())
    if found is None or found.organisation_id != house.pk:
        raise Refused(403, _("Der api_key fehlt oder gilt hier nicht."))
    inside = cast(door.ApiRequest, request)
    inside.token = found
    try:
        door.take(inside)
    except Problem as problem:
        raise Refused(problem.status, problem.detail) from None
    if REPORT not in found.scopes:
        raise Refused(403, _("Dieser api_key darf keine Anliegen melden."))
    return found


def answered(token: ApiToken, content: str, within: timedelta) -> str:
    """What the same content was answered lately; "" where it is new."""
    since = timezone.now() - within
    row = ApiAnswer.objects.filter(token=token, key=_key(token, content), created_at__gt=since).first()
    return row.body if row else ""


@transaction.atomic
def once(token: ApiToken, content: str, within: timedelta, do: Callable[[], str]) -> str:
    """Do it, unless the same content was sent lately: then its answer is said again. A second call waits for the first."""
    key = _key(token, content)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 311))", [key])
    if known := answered(token, content, within):
        return known
    said = do()
    ApiAnswer.objects.filter(token=token, key=key).delete()
    ApiAnswer.objects.create(token=token, key=key, fingerprint=b"", status=200, body=said)
    return said


def _key(token: ApiToken, content: str) -> str:
    """By the house's key: what was reported cannot be guessed from it."""
    return f"open311-{vault.lookup(token.organisation_id, content).hex()}"
