"""The door of the API: a token in the header, known by its hash, still good, not too often, and for what it was made.

Every endpoint names its scope by `needs`; a test tries every one of them without.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import Any, cast

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase

from buergerdraht.accounts.models import ApiToken, Operator, Organisation
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.accounts.rest.scopes import SCOPES

BURST = 100  # calls at once
RATE = 10.0  # calls per second, all the time
LONGEST = 200  # letters of a token
TAKE = """
update accounts_apitoken set level = filled - 1, level_at = clock_timestamp(), last_used_at = clock_timestamp()
from (select id as number, least(%(burst)s, level + extract(epoch from clock_timestamp() - level_at) * %(rate)s) as filled
      from accounts_apitoken where id = %(token)s for update) as bucket
where id = number and filled >= 1 returning level
"""  # one statement: many processes take from one bucket


class ApiRequest(HttpRequest):
    """A request that came through the door. `operator` is who acts: the token's own, never a person."""

    token: ApiToken
    organisation: Organisation
    operator: Operator
    limits: dict[str, str]


class Token(AuthBase):
    """Lets in whoever holds a token with the scope; "" asks for a token only."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        token = known(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            return None
        inside = cast(ApiRequest, request)
        inside.token, inside.organisation, inside.operator = token, token.organisation, token.actor
        take(inside)
        if self.scope and self.scope not in token.scopes:
            raise Problem(403, "scope", _("Dieses Token hat das Recht „%(scope)s“ nicht.") % {"scope": self.scope}, scope=self.scope)
        return token


def needs(scope: str = "") -> Any:
    """Say what a token must be good for to call an endpoint."""
    if scope and scope not in SCOPES:
        raise ValueError(f"no such scope: {scope}")
    return Token(scope)


def hashed(text: str) -> bytes:
    """A token is long and random, so a plain hash tells nothing of it."""
    return hashlib.sha256(text.encode()).digest()


def known(text: str) -> ApiToken | None:
    """Find the token that works, in the same time whether its end is right or nearly."""
    if len(text) > LONGEST or not text.isascii() or "\0" in text:
        return None
    rows = ApiToken.objects.select_related("organisation", "actor")
    found = rows.filter(prefix="_".join(text.split("_")[:2])).first()
    if found is None or not hmac.compare_digest(bytes(found.token_hash), hashed(text)) or not found.works:
        return None
    return found


def take(request: ApiRequest) -> None:
    """Take a call from the token's bucket, or refuse with how long to wait."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"burst": BURST, "rate": RATE, "token": request.token.pk})
        row = cursor.fetchone()
    left = math.floor(row[0]) if row else 0
    full = math.ceil((BURST - left) / RATE)
    request.limits = {"RateLimit-Limit": str(BURST), "RateLimit-Remaining": str(left), "RateLimit-Reset": str(full)}
    if row is None:
        request.limits["Retry-After"] = "1"
        sentence = _("Mehr als %(burst)s Anfragen auf einmal oder %(rate)s je Sekunde sind nicht vorgesehen. Warten Sie eine Sekunde.")
        raise Problem(429, "too_many", sentence % {"burst": BURST, "rate": int(RATE)})
