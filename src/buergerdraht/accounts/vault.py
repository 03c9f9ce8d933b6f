"""Encrypt what names a person, and find it again without decrypting.

AES-256-GCM with a random nonce under the first key of the installation; older keys still decrypt (rotation). Equality is
found by a keyed hash bound to the organisation, so one citizen's address hashes differently for two authorities.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


@cache
def _keys() -> tuple[AESGCM, ...]:
    return tuple(AESGCM(_derive(secret, b"vault")) for secret in settings.VAULT_KEYS)


@cache
def _hash_key() -> bytes:
    # The oldest key: rotation must not lose what the hashes find.
    return _derive(settings.VAULT_KEYS[-1], b"lookup")


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"buergerdraht " + purpose).derive(secret.encode())


def encrypt(text: str) -> bytes:
    return seal(text.encode())


def decrypt(sealed: bytes | memoryview) -> str:
    """Open what `encrypt` sealed. Raises cryptography's InvalidTag where no key fits."""
    return unseal(bytes(sealed)).decode()


def seal(data: bytes, bound: bytes | None = None) -> bytes:
    """Encrypt bytes; what they are bound to must be named again to open them."""
    nonce = os.urandom(12)
    return nonce + _keys()[0].encrypt(nonce, data, bound)


def unseal(data: bytes, bound: bytes | None = None) -> bytes:
    """Open what `seal` sealed. Raises cryptography's InvalidTag where no key fits."""
    error: Exception | None = None
    for key in _keys():
        try:
            return key.decrypt(data[:12], data[12:], bound)
        except Exception as problem:
            error = problem
    raise error or ValueError("no key")


def lookup(organisation_id: int, text: str) -> bytes:
    """Hash a value so that equal ones of one organisation are found: 32 bytes."""
    return hmac.digest(_hash_key(), f"{organisation_id}\0{text}".encode(), hashlib.sha256)


if TYPE_CHECKING:
    TextInBytes = models.Field[str, str]
else:
    TextInBytes = models.Field


class SealedField(TextInBytes):
    """A text column, encrypted at rest. Cannot be filtered: find rows by a `lookup` column beside it."""

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else decrypt(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, bytes):  # bytes are sealed already
            return value
        return encrypt(str(value))
