"""What each role may do: one table, asked everywhere."""

from __future__ import annotations

from enum import StrEnum

from buergerdraht.accounts.models import Membership, Role


class Right(StrEnum):
    READ = "read"  # conversations, broadcasts, figures
    ANSWER = "answer"  # reply to citizens, assign, close
    WRITE = "write"  # write broadcasts
    APPROVE = "approve"  # release broadcasts of others
    CONTACTS = "contacts"  # change contacts and topics, import, export
    MANAGE = "manage"  # settings, channels, operators, ready set-ups
    PRIVACY = "privacy"  # access and erasure
    AUDIT = "audit"  # read and verify the log


RIGHTS: dict[str, frozenset[Right]] = {
    Role.ADMINISTRATOR: frozenset({Right.READ, Right.CONTACTS, Right.MANAGE, Right.PRIVACY, Right.AUDIT}),
    Role.EDITOR: frozenset({Right.READ, Right.WRITE}),
    Role.APPROVER: frozenset({Right.READ, Right.WRITE, Right.APPROVE}),
    Role.AGENT: frozenset({Right.READ, Right.ANSWER, Right.CONTACTS}),
    Role.DATA_PROTECTION: frozenset({Right.READ, Right.PRIVACY, Right.AUDIT}),
    Role.VIEWER: frozenset({Right.READ}),
}


def may(membership: Membership, right: Right) -> bool:
    """Say whether one of the member's roles carries the right."""
    return any(right in RIGHTS.get(role, frozenset()) for role in membership.roles)
