"""What nobody can make but we: the ending of an unsubscribe link, the Message-ID of a letter, the address its bounce comes back to.

An unsubscribe link holds the citizen's address encrypted (law 12: no address in a URL), always the same for the same address.
A Message-ID holds the letter's token and a MAC over token and address: a bounce or a complaint counts only if it names one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_CODE = r"(?P<code>\d{1,18}\.\d{1,3}|x[0-9a-f]{16})\.(?P<mac>[0-9a-f]{24})"
_NAMED = re.compile(rf"<?{_CODE}@(?P<domain>[^<>@\s]+)>?")
_CAME_BACK = re.compile(rf"[^@+\s]+\+{_CODE}@\S+")
_MARKED = re.compile(rf"\s*\[{_CODE}\]\s*$")
LONGEST_LOCAL = 64  # RFC 5321 4.5.3.1.1


class Meant(NamedTuple):
    """Which letter something speaks of, and to whom it went."""

    token: str  # "" where the letter is none of the outbox
    address: str


def _key(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"buergerdraht mail {purpose}".encode(), hashlib.sha256).digest()


# ── Unsubscribe links ─────────────────────────────────────────────────────


def seal(secret: str, address: str) -> str:
    """Encrypt an address for a link. The nonce comes from the address, so that a letter tried again has the same link."""
    plain = address.encode()
    nonce = hmac.new(_key(secret, "nonce"), plain, hashlib.sha256).digest()[:12]
    return urlsafe_b64encode(nonce + AESGCM(_key(secret, "unsubscribe")).encrypt(nonce, plain, None)).decode().rstrip("=")


def opened(secret: str, sealed: str) -> str | None:
    """Give the address of a link of ours; None where it is none."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{40,500}", sealed):
        return None
    try:
        raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return AESGCM(_key(secret, "unsubscribe")).decrypt(raw[:12], raw[12:], None).decode()
    except (ValueError, InvalidTag):
        return None


# ── Letters ───────────────────────────────────────────────────────────────


def _code(token: str) -> str:
    """Write a token of the outbox as it stands; others (a probe's) only as a mark."""
    return token if re.fullmatch(r"\d{1,18}\.\d{1,3}", token) else "x" + hashlib.sha256(token.encode()).hexdigest()[:16]


def _mac(secret: str, code: str, address: str) -> str:
    return hmac.new(_key(secret, "letter"), f"{code} {address}".encode(), hashlib.sha256).hexdigest()[:24]


def named(secret: str, domain: str, token: str, address: str) -> str:
    """Make the Message-ID of a letter: the same at every try, so that most mailboxes show a second one once."""
    code = _code(token)
    return f"<{code}.{_mac(secret, code, address)}@{domain}>"


def return_path(secret: str, own: str, token: str, address: str) -> str:
    """Make the address that a bounce comes back to; our own where it would be too long."""
    box, _at, domain = own.rpartition("@")
    code = _code(token)
    local = f"{box}+{code}.{_mac(secret, code, address)}"
    return f"{local}@{domain}" if len(local) <= LONGEST_LOCAL else own


def unmarked(subject: str) -> tuple[str, str]:
    """Take the name of our letter off the subject of an answer that we prepared in it: the subject, and that name or ""."""
    found = _MARKED.search(subject)
    return (subject[: found.start()], f"{found['code']}.{found['mac']}") if found else (subject, "")


def meant(secret: str, names: Iterable[str], addresses: Iterable[str]) -> Meant | None:
    """Find the letter that one of `names` (Message-IDs, return paths) speaks of, with the address that its MAC proves."""
    candidates = list(dict.fromkeys(addresses))
    for name in names:
        found = _NAMED.fullmatch(name.strip()) or _CAME_BACK.fullmatch(name.strip())
        if found is None:
            continue
        for address in candidates:
            if hmac.compare_digest(found["mac"], _mac(secret, found["code"], address)):
                return Meant("" if found["code"].startswith("x") else found["code"], address)
    return None
