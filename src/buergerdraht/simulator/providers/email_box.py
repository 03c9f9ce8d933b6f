"""The mailbox of an account, and the mails that citizens and machines put into it. RFC 5322, 3464 (bounces), 5965 (complaints)."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from buergerdraht.simulator.town import Account, File, Town

HOST = "post.example"


@dataclass
class Draft:
    """A mail that somebody writes."""

    sender: str
    name: str
    to: str
    subject: str
    text: str
    answers: str = ""  # Message-ID
    references: Sequence[str] = ()
    files: Sequence[tuple[bytes, str, str]] = ()  # data, type, name
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slip:
    """What is on the outside of a report that a machine writes."""

    to: str
    at: float
    message_id: str


class Box:
    """One account's mailbox, kept in `account.data` with its mails as files of the town."""

    def __init__(self, town: Town, account: Account) -> None:
        self.town, self.account = town, account
        self.data: dict[str, Any] = account.data
        self.data.setdefault("validity", int(town.clock()))
        self.data.setdefault("next", 1)
        self.data.setdefault("mails", [])

    def put(self, mail: bytes) -> int:
        """Deliver a mail; gives its UID, which only ever rises (RFC 3501 2.3.1.1)."""
        file = self.town.add_file(self.account.id, mail, "message/rfc822", "mail.eml", days=36500)
        uid = int(self.data["next"])
        self.data["next"] = uid + 1
        self.data["mails"].append({"uid": uid, "file": file.id, "flags": [], "at": self.town.clock()})
        return uid

    def mails(self) -> list[dict[str, Any]]:
        return [each for each in self.data["mails"] if each["file"] in self.town.files]

    def folders(self) -> dict[str, list[dict[str, Any]]]:
        """The folders beside the first, each with its mails."""
        found: dict[str, list[dict[str, Any]]] = self.data.setdefault("folders", {})
        return found

    def copy(self, mail: dict[str, Any], folder: str) -> None:
        self.folders()[folder].append({**mail, "flags": list(mail["flags"])})

    def remove(self, mail: dict[str, Any]) -> None:
        self.data["mails"].remove(mail)

    def day_of(self, mail: dict[str, Any]) -> date:
        """The day it came, which no sender chose (RFC 3501 2.3.3)."""
        return datetime.fromtimestamp(mail.get("at", self.town.clock()), UTC).date()

    def bytes_of(self, mail: dict[str, Any]) -> bytes:
        file: File = self.town.files[mail["file"]]
        return file.data


# ── What people write ─────────────────────────────────────────────────────


def written(draft: Draft, message_id: str, at: float) -> bytes:
    """Write a mail as the common programs do: plain text and HTML, files behind, a trace of the server on top."""
    mail = EmailMessage(policy=SMTP)
    box, _at, domain = draft.sender.rpartition("@")
    own_box, _at, own_domain = draft.to.rpartition("@")
    when = datetime.fromtimestamp(at, UTC)
    mail["Return-Path"] = f"<{draft.sender}>"
    mail["Delivered-To"] = draft.to
    mail["Authentication-Results"] = f"{HOST}; dmarc=pass header.from={domain}"
    mail["Received"] = f"from mx.{domain} by {HOST} with ESMTPS; {format_datetime(when)}"
    mail["From"] = Address(draft.name, box, domain)
    mail["To"] = Address("", own_box, own_domain)
    mail["Subject"] = draft.subject
    mail["Date"] = format_datetime(when)
    mail["Message-ID"] = message_id
    if draft.answers:
        mail["In-Reply-To"] = draft.answers
        mail["References"] = " ".join([*draft.references, draft.answers])
    for name, value in draft.more.items():
        del mail[name]
        mail[name] = value
    mail.set_content(draft.text)
    mail.add_alternative(f'<html><body><div dir="auto">{html.escape(draft.text).replace(chr(10), "<br>")}</div></body></html>', "html")
    for data, mime, name in draft.files:
        main, _slash, sub = mime.split(";")[0].partition("/")
        mail.add_attachment(data, main, sub or "octet-stream", filename=name)
    return mail.as_bytes()


def quoted(text: str, who: str, at: float) -> str:
    """Write the tail that programs put below an answer."""
    when = datetime.fromtimestamp(at, UTC)
    return f"\n\nAm {when:%d.%m.%Y} um {when:%H:%M} schrieb {who}:\n" + "\n".join(f"> {line}" for line in text.splitlines())


# ── What machines write ───────────────────────────────────────────────────


def bounce(original: bytes, slip: Slip, *, receiver: str, status: str, words: str) -> bytes:
    """Report that a mail did not arrive, and will not (RFC 3464): words, fields, and the head of what came back."""
    fields = (
        f"Reporting-MTA: dns; {HOST}\r\n\r\nOriginal-Recipient: rfc822;{receiver}\r\nFinal-Recipient: rfc822; {receiver}\r\n"
        f"Action: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {words}\r\n"
    )
    head = original.partition(b"\r\n\r\n")[0].decode("utf-8", "replace") + "\r\n"
    text = f"This is the mail system at host {HOST}.\r\n\r\nYour message could not be delivered.\r\n\r\n<{receiver}>: {words}\r\n"
    parts = [("text/plain; charset=us-ascii", text), ("message/delivery-status", fields), ("text/rfc822-headers", head)]
    more = {"From": f"MAILER-DAEMON@{HOST}", "Subject": "Undelivered Mail Returned to Sender", "Auto-Submitted": "auto-replied"}
    return _report(slip, "delivery-status", parts, more)


def complaint(original: bytes, slip: Slip, *, receiver: str) -> bytes:
    """Report that somebody called a mail spam (RFC 5965)."""
    fields = f"Feedback-Type: abuse\r\nUser-Agent: Postamt/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: {receiver}\r\n"
    text = "This is an email abuse report for an email message received.\r\n"
    whole = original.decode("utf-8", "replace")
    parts = [("text/plain; charset=us-ascii", text), ("message/feedback-report", fields), ("message/rfc822", whole)]
    more = {"From": f"feedback@{HOST}", "Subject": "FW: complaint"}
    return _report(slip, "feedback-report", parts, more)


def _report(slip: Slip, kind: str, parts: Sequence[tuple[str, str]], more: dict[str, str]) -> bytes:
    edge = "=_" + re.sub(r"\W", "", slip.message_id)[:40]
    when = format_datetime(datetime.fromtimestamp(slip.at, UTC))
    head = {
        "Return-Path": "<>", "Received": f"by {HOST}; {when}", "To": slip.to, "Date": when, "Message-ID": slip.message_id, **more,
        "MIME-Version": "1.0", "Content-Type": f'multipart/report; report-type={kind}; boundary="{edge}"',
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in head.items()]
    for mime, text in parts:
        lines += ["", f"--{edge}", f"Content-Type: {mime}", "", text.rstrip("\r\n")]
    return "\r\n".join([*lines, "", f"--{edge}--", ""]).encode()
