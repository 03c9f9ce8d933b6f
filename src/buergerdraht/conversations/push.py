"""Wake operators' devices (RFC 8030): encrypted for the device (RFC 8291), signed by the installation (RFC 8292).

What is sent says what kind of thing happened and where, with ids: no name and no word of a citizen. Each device is a job of its own, so
that a push service which is away keeps nobody waiting and is tried again. Shortly before it leaves we ask anew whether it still matters.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from py_vapid import Vapid02
from pywebpush import WebPusher

from buergerdraht.accounts import hours, vault
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.conversations import sight
from buergerdraht.conversations.models import Conversation, Notice, PushKey, PushWish
from buergerdraht.gateway import outward
from buergerdraht.gateway.outward import Final, Undelivered

log = logging.getLogger("buergerdraht.push")

Kind = Notice.Kind
TEST = "test"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # how many points P-256 has
SIGNED_FOR = 12 * 3600  # seconds; the standard allows a day
LASTS = {Kind.URGENT: 3600, Kind.DUE: 2 * 3600, TEST: 300}  # seconds the push service keeps it for a device that is off
HALF_A_DAY = 12 * 3600
MOST_DEVICES = 10
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=4, retry_exceptions={Undelivered})  # after 4 s, 16 s … for about 20 minutes


class Device(NamedTuple):
    """What a browser says of itself when it wants to be woken."""

    endpoint: str
    p256dh: str
    auth: str
    name: str


# ── The installation's key ────────────────────────────────────────────────


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    # Sixteen bytes more than the order has, so that no number is likelier than another (FIPS 186-5, A.2.1).
    secret = HKDF(algorithm=SHA256(), length=48, salt=None, info=b"buergerdraht push").derive(settings.PUSH_SECRET.encode())
    return ec.derive_private_key(int.from_bytes(secret, "big") % (ORDER - 1) + 1, ec.SECP256R1())


def public_key() -> str:
    """Say the key that browsers subscribe with."""
    return _letters(_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ── The operator's verbs ──────────────────────────────────────────────────


@transaction.atomic
def add(operator: Operator, device: Device) -> PushKey:
    """Remember a device. Raises ValidationError where it is none we may call."""
    try:
        outward.refuse(device.endpoint, settings.PUSH_NETWORKS)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(device.p256dh))
        fits = len(_bytes(device.auth)) == 16
    except (Final, ValueError):
        fits = False
    if not fits:
        raise ValidationError(_("Dieser Browser nennt keine Adresse, unter der wir ihn wecken können."))
    Operator.objects.select_for_update().get(pk=operator.pk)  # counted one at a time
    known = _mark(device.endpoint)
    PushKey.objects.filter(endpoint_hash=known).delete()  # whoever sat here before is no longer woken here
    if PushKey.objects.filter(operator=operator).count() >= MOST_DEVICES:
        raise ValidationError(_("Mehr als %(n)s Geräte lassen sich nicht eintragen. Entfernen Sie zuerst eines.") % {"n": MOST_DEVICES})
    return PushKey.objects.create(
        operator=operator, endpoint=device.endpoint, endpoint_hash=known, p256dh=device.p256dh, auth=device.auth, device=device.name[:80]
    )  # fmt: skip


def _mark(endpoint: str) -> bytes:
    return vault.lookup(0, f"push {endpoint}")  # a device belongs to a person, not to an organisation


@transaction.atomic
def wish(operator: Operator, kinds: Iterable[str], *, always: bool) -> None:
    """Keep of what an operator wants to be woken."""
    chosen = [kind for kind in PushWish.KINDS if kind in set(kinds)]
    PushWish.objects.update_or_create(operator=operator, defaults={"kinds": chosen, "always": always})


def wish_of(operator: Operator) -> PushWish:
    return PushWish.objects.filter(operator=operator).first() or PushWish(operator=operator, kinds=list(PushWish.KINDS))


def test(device: PushKey) -> None:
    """Wake a device now, by the operator's own wish. Raises Undelivered or Final."""
    _deliver(device, TEST, _words(TEST, "", reverse("profile"), device.operator.language))


# ── Waking ────────────────────────────────────────────────────────────────


def later(conversation: Conversation, operators: Iterable[int], kind: str) -> None:
    """Make a job for every device of those who were told, in the caller's transaction."""
    if kind not in PushWish.KINDS:
        return
    for device in PushKey.objects.filter(operator__in=list(operators)).order_by("pk").values_list("pk", flat=True):
        wake_later.defer(device=device, conversation=conversation.pk, kind=kind)


@app.task(name="conversations.wake", retry=AGAIN)
def wake_later(device: int, conversation: int, kind: str) -> None:
    """Wake one device; what cannot succeed is not tried again."""
    with suppress(Final):
        wake(device, conversation, kind)


def wake(device: int, conversation: int, kind: str) -> None:
    """Wake a device, unless it has become pointless. Raises Undelivered or Final where it did not work."""
    found = PushKey.objects.select_related("operator").filter(pk=device, operator__is_active=True).first()
    thread = Conversation.objects.select_related("organisation").filter(pk=conversation).first()
    if found is None or thread is None or not matters(found.operator, thread, kind):
        return
    place = reverse("conversations:thread", args=[thread.organisation.slug, thread.pk])
    _deliver(found, kind, _words(kind, thread.organisation.name, place, found.operator.language) | {"conversation": thread.pk})


def matters(operator: Operator, conversation: Conversation, kind: str) -> bool:
    """Whether an operator wants to be woken of it now: not seen yet, may be seen by them, chosen, and in office hours unless urgent."""
    unseen = Notice.objects.filter(operator=operator, conversation=conversation, kind=kind, seen_at=None)
    member = Membership.objects.filter(organisation=conversation.organisation_id, operator=operator).select_related("organisation").first()
    if member is None or not unseen.exists() or not sight.conversations(member).filter(pk=conversation.pk).exists():
        return False
    wanted = wish_of(operator)
    return kind in wanted.kinds and (kind == Kind.URGENT or wanted.always or _office_is_open(conversation.organisation))


def _office_is_open(organisation: Organisation) -> bool:
    return hours.works_at(organisation, timezone.now())


def _words(kind: str, organisation: str, place: str, language: str) -> dict[str, Any]:
    """What the device shows: a sentence and the organisation, nothing of a citizen."""
    with translation.override(language):
        return {"kind": kind, "title": sentence(kind), "body": organisation, "place": place}


def sentence(kind: str) -> str:
    return {
        Kind.MENTION: _("Sie wurden in einer Notiz erwähnt"),
        Kind.ASSIGNED: _("Eine Unterhaltung wurde Ihnen zugewiesen"),
        Kind.MESSAGE: _("Neue Nachricht in einer Ihrer Unterhaltungen"),
        Kind.DUE: _("Eine Antwort wird bald fällig"),
        Kind.URGENT: _("Dringend: Eine Nachricht klingt nach einem Notfall"),
        TEST: _("Probe: Dieses Gerät wird benachrichtigt"),
    }[Kind(kind) if kind != TEST else kind]


def _deliver(device: PushKey, kind: str, words: dict[str, Any]) -> None:
    """Encrypt, sign and send, and note at the device how it went; one that is gone is forgotten."""
    try:
        outward.post(device.endpoint, sealed(device, words), headers(device.endpoint, kind, words["place"]), settings.PUSH_NETWORKS)
    except Undelivered as problem:
        log.warning("push.undelivered device=%s problem=%s", device.pk, problem.problem)
        if problem.status in {404, 410}:
            device.delete()
            raise Final("gone", problem.status) from None
        PushKey.objects.filter(pk=device.pk).update(failed=device.failed + 1)
        raise
    PushKey.objects.filter(pk=device.pk).exclude(failed=0).update(failed=0)


def sealed(device: PushKey, words: dict[str, Any]) -> bytes:
    keys = {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}}
    return bytes(WebPusher(keys).encode(json.dumps(words).encode())["body"])


def headers(endpoint: str, kind: str, place: str) -> dict[str, str]:
    """What the push service is told: who we are, how urgent, how long it is worth keeping, and what it replaces."""
    parts = urlsplit(endpoint)
    contact = settings.PUBLIC_URL if settings.SECURE else f"mailto:{settings.DEFAULT_FROM_EMAIL}"
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + SIGNED_FOR, "sub": contact}
    return {
        "Authorization": Vapid02(_key()).sign(claims)["Authorization"],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LASTS.get(kind, HALF_A_DAY)),
        "Urgency": "high" if kind in {Kind.URGENT, TEST} else "normal",
        "Topic": _letters(vault.lookup(0, f"topic {kind} {place}"))[:32],  # one of a kind waits per thread, unreadable for the service
    }
