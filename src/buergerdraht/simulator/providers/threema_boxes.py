"""What a Threema app does with keys, written from the protocol's page by itself: containers in boxes, files in boxes of their own.

https://gateway.threema.ch/en/developer/e2e
"""

from __future__ import annotations

import hashlib
import os
import struct

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey
from nacl.secret import SecretBox

LETTERS = "ABCDEFGHJKMNPRSTUVWXYZ0123456789"
FILE_NONCE, THUMB_NONCE = b"\0" * 23 + b"\x01", b"\0" * 23 + b"\x02"


class Unreadable(Exception):
    """An app would drop this without a word."""


def identity_of(seed: str) -> str:
    """Draw eight signs."""
    digest = hashlib.sha256(f"identity {seed}".encode()).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:8])


def key_of(seed: str) -> str:
    """A phone's private key, in hexadecimal: the same after a restart."""
    return hashlib.sha256(f"key {seed}".encode()).hexdigest()


def public(private: str) -> str:
    return bytes(PrivateKey(bytes.fromhex(private)).public_key).hex()


def enclose(kind: int, payload: bytes, mine: str, theirs: str) -> tuple[str, str]:
    """Give nonce and box, in hexadecimal, for somebody's public key."""
    inner = struct.pack("B", kind) + payload
    amount = 1 + os.urandom(1)[0] % 255
    while len(inner) + amount < 32:
        amount += 1
    nonce = os.urandom(24)
    sealed = Box(PrivateKey(bytes.fromhex(mine)), PublicKey(bytes.fromhex(theirs))).encrypt(inner + bytes([amount] * amount), nonce)
    return nonce.hex(), sealed.ciphertext.hex()


def disclose(nonce: str, box: str, mine: str, theirs: str) -> tuple[int, bytes]:
    """Give type and payload, as strictly as an app reads them."""
    try:
        inner = Box(PrivateKey(bytes.fromhex(mine)), PublicKey(bytes.fromhex(theirs))).decrypt(bytes.fromhex(box), bytes.fromhex(nonce))
    except (CryptoError, ValueError, TypeError):
        raise Unreadable from None
    amount = inner[-1]
    if len(inner) < 32 or not 1 <= amount < len(inner) or inner[-amount:] != bytes([amount] * amount):
        raise Unreadable
    return inner[0], inner[1:-amount]


def lock(data: bytes, key: bytes, nonce: bytes = FILE_NONCE) -> bytes:
    return SecretBox(key).encrypt(data, nonce).ciphertext


def unlock(data: bytes, key: bytes, nonce: bytes = FILE_NONCE) -> bytes:
    try:
        return SecretBox(key).decrypt(data, nonce)
    except (CryptoError, ValueError, TypeError):
        raise Unreadable from None
