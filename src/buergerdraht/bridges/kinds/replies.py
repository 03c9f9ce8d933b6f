"""Read a reply that came by mail: who wrote it, to which mark, what they said above what they quote, and whether a person did.

Every byte is hostile. What a machine sent of itself is left out (RFC 3834; X-Auto-Response-Suppress and Precedence as mail servers use
them). A signature or a quotation is cut off only where it is surely one: below our own line, below "-- " (RFC 3676 4.3), below the heads
that the common programs write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from buergerdraht.bridges.kinds.letter import Picture
from buergerdraht.bridges.kinds.plain import from_html, tidy

MOST_PICTURES = 10
LARGEST_TEXT = 1024 * 1024  # characters that are read at all
RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
MACHINES = frozenset({"bulk", "junk", "list", "auto_reply"})
OUR_LINE = re.compile(r"##\W{0,4}Bitte über dieser Zeile antworten\W{0,4}##")
WROTE = re.compile(r"^>?\s*(Am|On)\b.{5,200}\b(schrieb|wrote)\b.{0,200}:\s*$", re.IGNORECASE)
ORIGINAL = re.compile(
    r"^[>\s]*-{3,}\s*(Ursprüngliche Nachricht|Originalnachricht|Original Message|Weitergeleitete Nachricht)\s*-{3,}\s*$", re.I
)
FROM_LINE = re.compile(r"^[>\s]*\*?(Von|From):\*?\s+\S", re.IGNORECASE)
SENT_LINE = re.compile(r"^[>\s]*\*?(Gesendet|Sent|Datum|Date|An|To):\*?\s+\S", re.IGNORECASE)
COMMANDS = {"#intern": "internal", "#internal": "internal", "#erledigt": "done", "#done": "done"}


@dataclass(frozen=True)
class Reply:
    """A mail. `key`: what it is called, the same when it comes again; `machine`: nobody wrote it; `bounced`: ours came back."""

    key: str
    sender: str
    recipients: Sequence[str]
    references: Sequence[str]
    words: str
    command: str = ""
    pictures: Sequence[Picture] = ()
    machine: bool = False
    bounced: bool = False


def read(data: bytes) -> Reply | None:
    """Read a mail; None where it is none."""
    try:
        mail = message_from_bytes(data, policy=policy.default)
        return _read(mail) if isinstance(mail, EmailMessage) else None
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError, AssertionError):
        return None  # the library stumbles over headers that nobody should write


def _read(mail: EmailMessage) -> Reply:
    command, words = ordered(said(_text(mail)))
    references = re.findall(r"<[^<>\s]{3,300}>", f"{_header(mail, 'In-Reply-To')} {_header(mail, 'References')}")[:50]
    headers = [str(value) for name in RECIPIENTS for value in mail.get_all(name, [])]
    bounced = mail.get_content_type() == "multipart/report" and str(mail.get_param("report-type", "")).lower() == "delivery-status"
    return Reply(
        key=_header(mail, "Message-ID").strip()[:400], sender=parseaddr(_header(mail, "From"))[1].lower(),
        recipients=[address.lower() for _name, address in getaddresses(headers)][:100], references=references, words=words,
        command=command, pictures=_pictures(mail), machine=_by_machine(mail), bounced=bounced and _failed(mail),
    )  # fmt: skip


def _header(mail: EmailMessage, name: str) -> str:
    return str(mail.get(name, "") or "")


def _by_machine(mail: EmailMessage) -> bool:
    submitted = _header(mail, "Auto-Submitted").strip().lower()
    sender = parseaddr(_header(mail, "From"))[1].lower().partition("@")[0]
    return (
        bool(submitted and submitted.partition(";")[0].strip() != "no")
        or bool(_header(mail, "X-Auto-Response-Suppress"))
        or _header(mail, "Precedence").strip().lower() in MACHINES
        or _header(mail, "Return-Path").strip() == "<>"
        or bool(_header(mail, "List-Id"))
        or mail.get_content_type() == "multipart/report"
        or sender in {"", "mailer-daemon", "postmaster"}
    )


def _failed(mail: EmailMessage) -> bool:
    """Whether a report says that it did not arrive, and will not (RFC 3464: Action: failed)."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            return any(str(each.get("Action", "")).strip().lower() == "failed" for each in blocks if not isinstance(each, str))
    return False


def _text(mail: EmailMessage) -> str:
    """The words of a mail: its plain text, else what its HTML says."""
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = body.get_content()
    text = content if isinstance(content, str) else ""
    if body.get_content_subtype() == "html":
        return from_html(text[:LARGEST_TEXT])
    return text[:LARGEST_TEXT]


def said(text: str) -> str:
    """What was written above the signature and what is quoted."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = next((number for number in range(len(lines)) if _ends(lines, number)), len(lines))
    kept = lines[:end]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    if kept and end < len(lines) and WROTE.match(kept[-1].strip()):
        kept.pop()
    return tidy("\n".join(kept))


def _ends(lines: Sequence[str], number: int) -> bool:
    """Whether a line and all below it surely are no longer the answer."""
    line, after = lines[number], [each for each in lines[number + 1 : number + 4] if each.strip()]
    if OUR_LINE.search(line) or ORIGINAL.match(line) or line.rstrip("\n") == "-- ":
        return True
    if FROM_LINE.match(line) and after and SENT_LINE.match(after[0]):
        return True
    joined = f"{line.strip()} {lines[number + 1].strip()}" if number + 1 < len(lines) else line.strip()  # some break the line
    wrote = WROTE.match(line.strip()) or (re.match(r"^(Am|On)\b", line.strip()) and WROTE.match(joined))
    return bool(wrote and any(each.lstrip().startswith(">") or OUR_LINE.search(each) for each in lines[number + 1 : number + 5]))


def ordered(words: str) -> tuple[str, str]:
    """Take a word like #intern off the beginning of the first line."""
    first, _space, rest = words.partition("\n")
    word, _space, more = first.strip().partition(" ")
    command = COMMANDS.get(word.lower().rstrip(":.,"), "")
    return (command, "\n".join(part for part in (more.strip(), rest.strip()) if part)) if command else ("", words)


def _pictures(mail: EmailMessage) -> list[Picture]:
    """Attached pictures; the small ones of signatures, which stand in the text, are left out."""
    found: list[Picture] = []
    for part in mail.iter_attachments():
        if part.get_content_maintype() == "image" and part.get_content_disposition() == "attachment" and len(found) < MOST_PICTURES:
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data:
                found.append(Picture(part.get_filename() or "bild", part.get_content_type(), data))
    return found
