"""Do what a call asks for once, however often it is sent: the header Idempotency-Key, its answer kept for a day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Header, Schema

from buergerdraht.accounts.models import ApiAnswer
from buergerdraht.accounts.rest.door import ApiRequest
from buergerdraht.accounts.rest.problems import Problem

KEPT = timedelta(hours=24)
Key = Annotated[
    str | None,
    Header(
        None, alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$",
        description="The same key with the same call does it once, and is answered the same for 24 hours.",
    ),
]  # fmt: skip


def once(request: ApiRequest, key: str | None, do: Callable[[], tuple[int, Schema]]) -> HttpResponse:
    """Do it and answer with its status and body, or answer as the first time. What was refused may be tried anew with the same key.

    All in one transaction: a second call waits for the first, and a crash leaves neither the deed nor its answer.
    """
    if not key:
        return _answer(*_said(do()))
    asked = hashlib.sha256(f"{request.method}\0{request.get_full_path()}\0".encode() + request.body).digest()
    with transaction.atomic():
        ApiAnswer.objects.filter(token=request.token, key=key, created_at__lt=timezone.now() - KEPT).delete()
        row, first = ApiAnswer.objects.get_or_create(token=request.token, key=key, defaults={"fingerprint": asked})
        if first:
            row.status, row.body = _said(do())
            row.save(update_fields=["status", "body"])
        elif bytes(row.fingerprint) != asked:
            raise Problem(422, "key_reused", _("Dieser Idempotency-Key gehört zu einer anderen Anfrage. Nehmen Sie einen neuen."))
    response = _answer(row.status or 200, row.body)
    if not first:
        response["Idempotency-Replayed"] = "true"
    return response


def tidy() -> int:
    """Forget answers that are a day old. Returns how many."""
    return ApiAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _said(done: tuple[int, Schema]) -> tuple[int, str]:
    return done[0], done[1].model_dump_json()


def _answer(status: int, body: str) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")
