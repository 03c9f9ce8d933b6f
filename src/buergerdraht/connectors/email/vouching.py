"""Who sent a mail, and whether the authority's own mail server vouches for it (RFC 8601; 7489 and 6376 are what it looked at).

What a server writes down of a mail (names, greetings) the sender chose: quoted words and comments never count, and of two answers none.
"""

from __future__ import annotations

import re
from email.errors import InvalidHeaderDefect
from email.message import EmailMessage
from typing import Literal

from buergerdraht.connectors.email.config import EmailConfig

Found = Literal["pass", "fail", ""]
_TOLD = re.compile(r"\s*(dmarc|dkim)\s*=\s*([a-z]+)(?![^\s;])")
_AUTHOR = re.compile(r"\sheader\.from\s*=\s*(?:[^\s@]*@)?([^\s@]+)(?=\s|$)")
_SIGNER = re.compile(r"\sheader\.d\s*=\s*([^\s@]+)(?=\s|$)")


def vouched(mail: EmailMessage, sender: str, config: EmailConfig) -> Found:
    """Say what our own server found: "pass", "fail"; "" where it did not say, or the mail names its writer in two ways.

    Without a policy of the writer's domain (no DMARC) its signature serves as well, where it is of that very domain.
    """
    told = [(name, result, each) for each in _own(mail, config) if (found := _TOLD.match(each)) for name, result in [found.groups()]]
    policies = [(result, _AUTHOR.search(each)) for name, result, each in told if name == "dmarc"]
    if any(result == "fail" for result, _author in policies):
        return "fail"
    domain = sender.rpartition("@")[2]
    if len(policies) > 1 or not _one(mail, sender):
        return ""
    if policies and policies[0][0] != "none":
        result, author = policies[0]
        return "pass" if result == "pass" and author and author[1] == domain else ""
    signers = [_SIGNER.search(each) for name, result, each in told if (name, result) == ("dkim", "pass")]
    return "pass" if any(signer and signer[1] == domain for signer in signers) else ""


def _own(mail: EmailMessage, config: EmailConfig) -> list[str]:
    """Take the results of the topmost header of our server's name apart: those below may have come with the mail."""
    if not config.authserv:
        return []
    for name, value in mail.raw_items():
        if name.lower() != "authentication-results":
            continue
        server, *results = _bare(str(value).lower()).split(";")
        if server.split()[:1] == [config.authserv.lower()]:
            return results
    return []


def _bare(value: str) -> str:
    """Take out comments, which may hold others, and quoted words; nothing is left where one of them has no end."""
    kept, depth, quoted, at = [], 0, False, 0
    while at < len(value):
        sign = value[at]
        if sign == "\\" and (quoted or depth):
            at += 1
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign in "()" and not quoted:
            depth += 1 if sign == "(" else -1
            kept.append(" ")
        elif not quoted and depth <= 0:
            kept.append(sign)
        at += 1
    return "" if quoted or depth else "".join(kept)


def _one(mail: EmailMessage, sender: str) -> bool:
    """Whether a mail names one writer, and in one way: programs and servers read all else differently."""
    lines = mail.get_all("From", [])
    if len(lines) != 1 or any(isinstance(each, InvalidHeaderDefect) for each in getattr(lines[0], "defects", ())):
        return False
    return [each.addr_spec.lower() for each in getattr(lines[0], "addresses", ())] == [sender]
