"""A case by e-mail to an office, and the office's reply: both in one thread, told apart by a mark that nobody can guess.

What goes out goes by the bridge's own mail server, or by the installation's where none is named. It has a Message-ID that stays the same
at every try, so that a second one is no second mail where the receiver looks at it (most do; RFC 5322 3.6.4 does not oblige them).
Replies come to a mailbox of one's own with the mark in the address: anliegen+<mark>@…
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.utils import formataddr
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _
from django.utils.translation import override
from pydantic import BaseModel, Field

from buergerdraht.bridges.kinds import mailbox, outgoing
from buergerdraht.bridges.kinds.letter import Letter, There, Trouble
from buergerdraht.bridges.kinds.zammad import body

LINE = "##–– Bitte über dieser Zeile antworten ––##"


class Config(BaseModel):
    to: str  # the office's address
    own: str  # our mailbox: anliegen@stadt.example
    also: str = ""  # who may answer beside `to`: addresses or @domains, with commas between them
    host: str = ""  # of IMAP; empty: nothing comes back
    port: int = Field(default=993, ge=1, le=65535)
    name: str = ""
    password: str = ""
    folder: str = "INBOX"
    tls: bool = True
    smtp_host: str = ""  # empty: the installation's mail server
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: bool = True  # from the first byte on at 465, else by STARTTLS
    smtp_name: str = ""
    smtp_password: str = ""


def check(config: Config) -> None:
    """Sign in at both servers. Raises Trouble."""
    try:
        connection = office(config)
        connection.open()
        connection.close()
    except (smtplib.SMTPException, OSError) as problem:
        raise unsent(problem) from None
    if config.host:
        mailbox.check(access(config))


def office(config: Config) -> Any:
    """The mail server that takes what goes out."""
    return outgoing.Server(config) if config.smtp_host else get_connection()


def unsent(problem: Exception) -> Trouble:
    """Say why a mail server took nothing."""
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return Trouble("forbidden")
    if isinstance(problem, ssl.SSLError):
        return Trouble("certificate")
    return Trouble("mail")


def access(config: Config) -> mailbox.Access:
    return mailbox.Access(config.host, config.port, config.name, config.password, config.folder, config.tls)


def hand_over(config: Config, letter: Letter, *, doubt: bool) -> There:
    """Mail a case. Raises Trouble."""
    deliver(config, letter, first="")
    return There(external_id=named(config, letter.mark))


def add(config: Config, there: There, letter: Letter, *, doubt: bool) -> None:
    """Mail what happened later, in the same thread."""
    deliver(config, letter, first=there.external_id)


def deliver(config: Config, letter: Letter, *, first: str) -> None:
    try:
        mail = message(config, letter, first=first)
        mail.connection = office(config)
        sent = mail.send()
    except smtplib.SMTPRecipientsRefused as problem:
        codes = [code for code, _words in problem.recipients.values()]
        raise Trouble("no_such_address", final=bool(codes) and all(code >= 500 for code in codes)) from None
    except smtplib.SMTPServerDisconnected:
        raise Trouble("mail", doubt=True) from None
    except (smtplib.SMTPException, OSError) as problem:
        raise unsent(problem) from None
    if not sent:
        raise Trouble("mail")


def message(config: Config, letter: Letter, *, first: str) -> EmailMessage:
    """Write the mail. It comes from an address that has the mark, so that a mail which comes back is known too."""
    reply = marked_address(config.own, letter.mark)
    headers = {
        "From": formataddr(("Bürgerdraht", reply)), "Reply-To": reply, "Message-ID": named(config, letter.mark),
        "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All",
    }  # fmt: skip
    if first and first != headers["Message-ID"]:
        headers |= {"In-Reply-To": first, "References": first}
    mail = EmailMessage(subject(letter), text(letter), reply, [config.to], headers=headers)
    for each in letter.pictures:
        mail.attach(each.name, each.data, each.mime)
    return mail


def subject(letter: Letter) -> str:
    title = f"{letter.category}, {letter.place}" if letter.place else letter.category
    return " ".join(f"[{letter.number}] {title}".split())[:150]


def text(letter: Letter) -> str:
    with override(letter.language):
        hint = _(
            "Ihre Antwort geht an alle, die dieses Anliegen gemeldet haben. Beginnt sie mit #intern, bleibt sie in der Verwaltung; "
            "beginnt sie mit #erledigt, ist das Anliegen erledigt. Bilder sehen die Bürger, sobald Gesichter abgedeckt sind."
        )
        return "\n\n".join([LINE, body(letter), hint])


def named(config: Config, mark: str) -> str:
    """The Message-ID of a letter: the same whenever it is asked."""
    return f"<{mark}@{config.own.rpartition('@')[2]}>"


def marked_address(own: str, mark: str) -> str:
    name, _at, domain = own.rpartition("@")
    return f"{name}+{mark}@{domain}"


def may_answer(config: Config, sender: str) -> bool:
    """Whether an address is the office's, or one that the authority named beside it."""
    sender = sender.strip().lower()
    also = [each.strip().lower() for each in config.also.split(",") if each.strip()]
    return bool(sender) and (sender == config.to.strip().lower() or any(_fits(sender, each) for each in also))


def _fits(sender: str, named: str) -> bool:
    return sender.endswith(named) if named.startswith("@") else sender == named


def marks(config: Config, addresses: Sequence[str], references: Sequence[str]) -> list[str]:
    """Find our marks in the addresses a mail went to, else in what it answers."""
    name, _at, domain = config.own.lower().rpartition("@")
    found = []
    for address in addresses:
        box, _sign, host = address.lower().rpartition("@")
        if host == domain and box.startswith(f"{name}+"):
            found.append(box[len(name) + 1 :])
    for reference in references:
        mark, _sign, host = reference.strip("<> ").lower().rpartition("@")
        if host == domain:
            found.append(mark)
    return found
