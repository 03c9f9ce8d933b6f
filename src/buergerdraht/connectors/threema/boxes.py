"""Threema's envelopes: a container of type, payload and padding in a NaCl box, and files in secret boxes of their own.

https://gateway.threema.ch/en/developer/e2e
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey
from nacl.secret import SecretBox

NONCE = 24
SHORTEST = 32  # of a padded container
FILE, THUMBNAIL = bytes(23) + b"\x01", bytes(23) + b"\x02"  # the nonces of a file's own key, which is used for nothing else


class Unopened(Exception):
    """The box was not made with these keys, or is damaged."""


class Opened(NamedTuple):
    kind: int
    payload: bytes


class Sealed(NamedTuple):
    nonce: bytes
    box: bytes


def seal(kind: int, payload: bytes, private: bytes, public: bytes) -> Sealed:
    """Pack and encrypt. The padding hides how long a message is."""
    inner = bytes([kind]) + payload
    amount = max(secrets.randbelow(255) + 1, SHORTEST - len(inner))
    nonce = secrets.token_bytes(NONCE)
    box = Box(PrivateKey(private), PublicKey(public)).encrypt(inner + bytes([amount]) * amount, nonce)
    return Sealed(nonce, box.ciphertext)


def open_box(nonce: bytes, box: bytes, private: bytes, public: bytes) -> Opened:
    """Decrypt and unpack; raise Unopened."""
    try:
        inner = Box(PrivateKey(private), PublicKey(public)).decrypt(box, nonce)
    except (CryptoError, ValueError, TypeError) as problem:
        raise Unopened from problem
    amount = inner[-1] if inner else 0
    if not 0 < amount < len(inner):
        raise Unopened
    return Opened(inner[0], inner[1:-amount])


def lock(data: bytes, key: bytes, nonce: bytes = FILE) -> bytes:
    """Encrypt a file."""
    return SecretBox(key).encrypt(data, nonce).ciphertext


def unlock(data: bytes, key: bytes, nonce: bytes = FILE) -> bytes:
    """Decrypt a file; raise Unopened."""
    try:
        return SecretBox(key).decrypt(data, nonce)
    except (CryptoError, ValueError, TypeError) as problem:
        raise Unopened from problem


def unlock_boxed(data: bytes, nonce: bytes, private: bytes, public: bytes) -> bytes:
    """Decrypt a picture of the old kind, which has no key of its own; raise Unopened."""
    try:
        return Box(PrivateKey(private), PublicKey(public)).decrypt(data, nonce)
    except (CryptoError, ValueError, TypeError) as problem:
        raise Unopened from problem
