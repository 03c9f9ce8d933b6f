"""What becomes of mails that were taken in: they stay, go to another folder or are deleted, as the operator chose (RFC 4315, 6851).

Only mails that bear our mark, which they get once they are stored: what a person opened in the mailbox before we saw it is none of them.
What is flagged is left for people, until one of them takes the flag away. Synchronous, like `mailbox`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from imapclient import DELETED
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from buergerdraht.connectors.contract import Temporary
from buergerdraht.connectors.email import mailbox
from buergerdraht.connectors.email.config import ADDRESS, EmailConfig
from buergerdraht.connectors.email.mailbox import MARK, Access, Box

MOST = 200  # mails in one go
EVERY = 3600.0  # seconds between two looks
HEAD = 200_000  # bytes of a mail's head that are looked at

NO_MARKS = "no_marks"
NO_FOLDER = "no_folder"
NO_DELETING = "no_deleting"


def tidy(box: Box, config: EmailConfig) -> int:
    """Move or delete what was taken in long enough ago. Returns how many; what the server refuses, `lacking` says. Raises Temporary."""
    if config.read == "stay" or not box.marks:
        return 0
    before = (datetime.now(UTC) - timedelta(days=config.read_days)).date()
    try:
        uids = sorted(box.imap.search(["SEEN", "UNFLAGGED", "KEYWORD", MARK, "BEFORE", before]))[:MOST]
        _away(box, uids, config.read_folder if config.read == "move" else "")
        return len(uids)
    except (IMAPClientAbortError, OSError) as problem:
        raise Temporary("unavailable", type(problem).__name__) from None
    except IMAPClientError:
        return 0


def lacking(box: Box, config: EmailConfig) -> str:
    """Say why read mails cannot be treated as the operator chose; "" where they can. Raises Temporary."""
    if config.read == "stay":
        return ""
    if not box.marks:
        return NO_MARKS
    try:
        if config.read == "move" and not box.imap.folder_exists(config.read_folder):
            return NO_FOLDER
    except (IMAPClientError, OSError) as problem:
        raise Temporary("unavailable", type(problem).__name__) from None
    able = box.imap.has_capability("UIDPLUS") or (config.read == "move" and box.imap.has_capability("MOVE"))
    return "" if able else NO_DELETING


def forget(access: Access, addresses: Sequence[str]) -> int:
    """Delete what people wrote who are erased, where read mails are to be deleted. Returns how many. Raises Temporary or ChannelBroken."""
    if access.config.read != "delete":
        return 0
    box, number = mailbox.enter(access), 0
    try:
        for address in addresses:
            uids = _written_by(box, address) if box.marks and ADDRESS.fullmatch(address) else []
            for at in range(0, len(uids), MOST):
                _away(box, uids[at : at + MOST], "")
            number += len(uids)
        return number
    except (IMAPClientError, OSError) as problem:
        raise Temporary("unavailable", type(problem).__name__) from None
    finally:
        mailbox.leave(box)


def _written_by(box: Box, address: str) -> list[int]:
    """Find the mails of one writer: a server finds every address that has this one in it."""
    exact = re.compile(rb"(?:^from:\s*|<)" + re.escape(address.encode()) + rb"(?:>|\s*(?:\(|$))", re.I | re.M)
    found = sorted(box.imap.search(["KEYWORD", MARK, "FROM", address]))
    return [uid for uid in found if exact.search(_author(mailbox.part(box, uid, "HEADER")[:HEAD]))]


def _author(head: bytes) -> bytes:
    """Give a head's line of the writer in one piece."""
    found = re.search(rb"^from:[^\n]*(?:\n[ \t][^\n]*)*", head.replace(b"\r\n", b"\n"), re.I | re.M)
    return re.sub(rb"\n[ \t]+", b" ", found[0]) if found else b""


def _away(box: Box, uids: Sequence[int], folder: str) -> None:
    """Move mails to a folder, or delete them: these alone, whatever else somebody marked in the folder."""
    if not uids:
        return
    if folder and box.imap.has_capability("MOVE"):
        box.imap.move(uids, folder)
        return
    if not box.imap.has_capability("UIDPLUS"):
        raise IMAPClientError("the server deletes no single mail")
    if folder:
        box.imap.copy(uids, folder)
    box.imap.add_flags(uids, [DELETED], silent=True)
    box.imap.uid_expunge(uids)
