"""Read mails: citizens' letters, bounces (RFC 3464), complaints (RFC 5965), unsubscribing by mail (RFC 2369) and by link (RFC 8058).

A machine's mail makes no item, so that nothing answers it (RFC 3834; List-Id, Precedence and X-Auto-Response-Suppress as mail servers
use them). A bounce or a complaint counts only where it names a letter of ours, which nobody else can.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr, parsedate_to_datetime
from typing import Any, NamedTuple

from buergerdraht.connectors.contract import Event, Gone, Item, Malformed, MediaKind, Receipt, ReceiptState, Received, Ref, Sender
from buergerdraht.connectors.email import bounds, errors, limits, seals, words
from buergerdraht.connectors.email.config import ADDRESS, EmailConfig
from buergerdraht.connectors.email.mailbox import Letter
from buergerdraht.connectors.email.vouching import vouched
from buergerdraht.connectors.wire import UNREADABLE, item, load, moment, text, worth

SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature"})
MACHINES = frozenset({"bulk", "junk", "list", "auto_reply"})
NOBODY = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "nicht-antworten"})
UNSUBSCRIBED = "unsubscribed"  # the reason of Gone where a person used our own way out
LAST = 200  # signs of a server's line: the date is at its end
LONGEST_ID = 180  # a quote has room for so much
# Lists (RFC 2369, 2919), and what programs for absence notes write beside or in place of RFC 3834's own line.
_AUTOMATIC = re.compile(r"list-|x-auto-?(response-suppress|repl(y|ied)|respond)|x-mail-autoreply|x-ms-exchange-inbox-rules-loop", re.I)
_ID = re.compile(r"<[!-;=?-~]{3,250}>")  # RFC 5322 3.6.4: nothing else can stand in our own head
_ANSWER = re.compile(r"^((re|aw|antw|sv|fwd?|wg)\s*(\[\d+\])?\s*:\s*)+", re.I)
_AWAY = re.compile(r"^abmelden\s+([A-Za-z0-9_\-\s]{40,520})$")
_BROKEN = (*UNREADABLE, RecursionError, AssertionError)  # what the library stumbles over in headers that nobody should write


class Head(NamedTuple):
    """What a thread is kept by."""

    message_id: str
    references: tuple[str, ...]
    subject: str
    marked: str = ""  # our letter, where its own link prepared this answer
    proven: bool = False  # it surely came from the mailbox it names, or somebody there answers a letter of ours


# ── The web's way out ─────────────────────────────────────────────────────


def parse(body: bytes, secret: str) -> list[Item]:
    """Read what `enclose` made of a call: an address that wants no newsletters."""
    data = load(body)
    sealed = data.get("unsubscribe")
    if not isinstance(sealed, str):
        raise Malformed("not from us")
    return [item(lambda: _unsubscribed(sealed, secret, data["at"]), {"at": str(data.get("at"))})]


def _unsubscribed(sealed: str, secret: str, at: Any) -> Event:
    address = seals.opened(secret, sealed)
    if address is None:
        raise LookupError("unsubscribe")
    mark = hashlib.sha256(sealed.encode()).hexdigest()[:16]
    return Gone(address=address, at=moment(at), external_id=f"unsubscribe:{mark}:{int(at) // 60}", scope="newsletter", reason=UNSUBSCRIBED)


# ── Mails ─────────────────────────────────────────────────────────────────


def opened(data: bytes) -> EmailMessage | None:
    """Read bytes as a mail; None where they are none, or more than anybody would write."""
    if bounds.excess(data):
        return None
    try:
        mail = message_from_bytes(data, policy=policy.default)
    except _BROKEN:
        return None
    return mail if isinstance(mail, EmailMessage) else None


def read(letter: Letter, config: EmailConfig) -> list[Item]:
    """Read one mail of the mailbox: no item where a machine wrote it, several where a bounce tells two things."""
    if problem := bounds.excess(letter.data):
        return [Item(raw={"uid": letter.uid}, problem=f"unreadable mail: {problem}")]
    mail = opened(letter.data)
    if mail is None:
        return [Item(raw={"uid": letter.uid}, problem="no mail")]
    try:
        return worth([item(lambda event=event: event, {"uid": letter.uid}) for event in _events(mail, letter, config)])  # type: ignore[misc]
    except _BROKEN as problem:
        return [Item(raw={"uid": letter.uid}, problem=f"unreadable mail: {type(problem).__name__}")]


def _events(mail: EmailMessage, letter: Letter, config: EmailConfig) -> list[Event]:
    report = str(mail.get_param("report-type", "") or "").lower() if mail.get_content_type() == "multipart/report" else ""
    if report == "delivery-status":
        return _bounce(mail, letter, config)
    if report == "feedback-report":
        return _complaint(mail, letter, config)
    if gone := _mailed_away(mail, letter, config):
        return [gone]  # whoever wrote it, be it a mail program by itself: its seal is the proof
    sender = parseaddr(header(mail, "From"))[1].lower()
    found = vouched(mail, sender, config)
    if _by_machine(mail, sender, config) or found == "fail":
        return []
    return [_received(mail, sender, letter, config, proven=found == "pass")]


def header(mail: Message[Any, Any], name: str) -> str:
    """Take a header as text, whatever state it is in; one that is too long to be read as none."""
    if any(key.lower() == name.lower() and len(value) > bounds.HEADER for key, value in mail.raw_items()):
        return ""
    try:
        return text(str(mail.get(name, "") or ""))
    except _BROKEN:
        return ""


def head(mail: EmailMessage, config: EmailConfig, letter: Letter | None = None) -> Head:
    """Read what a thread is kept by."""
    references = tuple(_ID.findall(f"{header(mail, 'References')} {header(mail, 'In-Reply-To')}"))
    subject, marked = seals.unmarked(" ".join(header(mail, "Subject").split())[:300])
    found = Head(_name(mail, letter), tuple(dict.fromkeys(references))[-20:], subject, marked)
    sender = parseaddr(header(mail, "From"))[1].lower()
    return found._replace(proven=vouched(mail, sender, config) == "pass" or _answers_ours(found, sender, config))


def _answers_ours(known: Head, sender: str, config: EmailConfig) -> bool:
    """Whether a mail names a letter of ours to this very address: only who reads that mailbox can."""
    names = [*known.references, *([f"<{known.marked}@{config.domain}>"] if known.marked else [])]
    return seals.meant(config.secret.get_secret_value(), names, [sender]) is not None


def _name(mail: EmailMessage, letter: Letter | None) -> str:
    """Name a mail: by its Message-ID, so that one that arrives twice is one; else by its place in the mailbox."""
    found = re.search(r"<[^<>\s]{3,250}>", header(mail, "Message-ID"))
    if found and len(found[0]) <= LONGEST_ID and _ID.fullmatch(found[0]):
        return found[0]
    if found:
        return "mail:" + hashlib.sha256(found[0].encode()).hexdigest()[:40]
    return f"imap:{letter.validity}:{letter.uid}" if letter else ""


def _by_machine(mail: EmailMessage, sender: str, config: EmailConfig) -> bool:
    submitted = header(mail, "Auto-Submitted").strip().lower()
    return (
        not ADDRESS.fullmatch(sender)
        or sender == config.own
        or sender.partition("@")[0] in NOBODY
        or bool(submitted and submitted.partition(";")[0].strip() != "no")
        or header(mail, "Precedence").strip().lower() in MACHINES
        or header(mail, "Return-Path").strip() == "<>"
        or any(_AUTOMATIC.match(name) for name in mail.keys())  # noqa: SIM118 - a mail is no mapping
        or mail.get_content_type() == "multipart/report"
    )


def _mailed_away(mail: EmailMessage, letter: Letter, config: EmailConfig) -> Gone | None:
    found = _AWAY.match(" ".join(header(mail, "Subject").split()))
    address = seals.opened(config.secret.get_secret_value(), re.sub(r"\s", "", found[1])) if found else None
    if address is None:
        return None
    return Gone(address=address, at=_at(mail), external_id=f"unsubscribe:{_name(mail, letter)}", scope="newsletter", reason=UNSUBSCRIBED)


def _at(mail: EmailMessage) -> datetime:
    """The time of the server that took it last, which no sender can choose; else the sender's, but never one to come."""
    now = datetime.now(UTC)
    taken = next((str(value)[-LAST:].rpartition(";")[2] for name, value in mail.raw_items() if name.lower() == "received"), "")
    for value in (taken, header(mail, "Date")):
        try:
            found = parsedate_to_datetime(" ".join(value.split()))
            return min(found if found.tzinfo else found.replace(tzinfo=UTC), now).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return now


# ── Citizens ──────────────────────────────────────────────────────────────


def _received(mail: EmailMessage, sender: str, letter: Letter, config: EmailConfig, *, proven: bool) -> Received:
    known = head(mail, config, letter)
    files = list(_files(mail, letter, known.message_id)) if letter.whole else []
    said = _said(mail, known.subject) if letter.whole else known.subject
    kind = "media" if files else ("text" if said and letter.whole else "unsupported")
    return Received(
        external_id=known.message_id,
        sender=Sender(address=sender, name=_called(header(mail, "From")), handle=sender),
        at=_at(mail),
        kind=kind,
        text=said,
        media=tuple(files),
        quote=_quote(known, config),
        raw_kind="" if kind != "unsupported" else ("mail" if letter.whole else "mail over 25 MB"),
        proven=proven,
    )


def _called(value: str) -> str:
    name = " ".join(parseaddr(value)[0].split())[:120]
    return "" if "@" in name else name


def _said(mail: EmailMessage, subject: str) -> str:
    """Put a new subject before the words, where it says something of its own. What answers carry there is ours."""
    said = words.fresh(mail)
    bare = _ANSWER.sub("", subject).strip()
    if not bare or bare != subject.strip():
        return said
    first = said.split("\n", 1)[0].strip()
    if not said or bare.lower() == first.lower():
        return said or bare
    return f"{bare}\n\n{said}"


def _quote(known: Head, config: EmailConfig) -> str:
    """Name the letter that is answered: whose link was followed, else the last of ours in the thread, else what it names itself."""
    if known.marked:
        return f"<{known.marked}@{config.domain}>"
    for reference in reversed(known.references):
        if re.fullmatch(r"<(\d{1,18}\.\d{1,3}|x[0-9a-f]{16})\.[0-9a-f]{24}@[^<>@\s]+>", reference):
            return reference
    return known.references[-1][:LONGEST_ID] if known.references else ""


def _files(mail: EmailMessage, letter: Letter, message_id: str) -> Iterator[Ref]:
    """List what hangs on a mail, so that `fetch` finds it again by its place."""
    for index, part in enumerate(attachments(mail)):
        if index >= limits.FILES_READ:
            return
        mime = part.get_content_type().lower()
        name = " ".join(text(part.get_filename() or "").split())[:120]
        payload = part.get_payload(decode=True)
        yield Ref(
            kind=_kind(mime), external_id=f"{letter.validity}:{letter.uid}:{index}:{message_id}", mime=mime,
            size=len(payload) if isinstance(payload, bytes) else 0, file_name=name,
        )  # fmt: skip


def attachments(mail: EmailMessage) -> list[EmailMessage]:
    """Give the parts that are files: attached ones, and pictures in the text that are no decoration."""
    found = []
    for part in mail.walk():
        if part.is_multipart() or not isinstance(part, EmailMessage):
            continue
        main, disposition = part.get_content_maintype(), part.get_content_disposition()
        wanted = disposition == "attachment" or (main in {"image", "audio", "video"} and _worth_seeing(part))
        if wanted and part.get_content_type() not in SIGNATURES:
            found.append(part)
    return found


def _worth_seeing(part: EmailMessage) -> bool:
    """The small pictures of a signature are left out; a photo put into the text is larger."""
    payload = part.get_payload(decode=True)
    return isinstance(payload, bytes) and len(payload) > 15_000


def _kind(mime: str) -> MediaKind:
    main = mime.partition("/")[0]
    return {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}.get(main, MediaKind.DOCUMENT)


# ── Machines that tell us something ───────────────────────────────────────


def _bounce(mail: EmailMessage, letter: Letter, config: EmailConfig) -> list[Event]:
    told = _fields(mail, "message/delivery-status")
    blocks = [block for block in told if block.get("Final-Recipient") or block.get("Original-Recipient")]
    addresses = [_recipient(block, name) for block in blocks for name in ("Original-Recipient", "Final-Recipient")]
    about = _meant(mail, addresses, config)
    if about is None or not blocks:
        return []
    block = blocks[0]
    action, status = str(block.get("Action", "")).strip().lower(), str(block.get("Status", "")).strip()[:12]
    at = _at(mail)
    external_id = seals.named(config.secret.get_secret_value(), config.domain, about.token, about.address) if about.token else ""
    if action not in {"failed", "delivered"}:
        return []  # "delayed": the server goes on trying
    events: list[Event] = []
    if external_id:
        state = ReceiptState.FAILED if action == "failed" else ReceiptState.DELIVERED
        reason = _reason(status) if action == "failed" else ""
        events.append(Receipt(external_id=external_id, state=state, at=at, token=about.token, reason=reason, details=status))
    if action == "failed" and status in errors.NOBODY:
        events.append(Gone(address=about.address, at=at, external_id=f"bounce:{_name(mail, letter)}", reason="not_reachable"))
    return events


def _reason(status: str) -> str:
    if status in {"5.3.4", "5.2.3"}:
        return "media_refused"
    return "content_refused" if status.startswith(("5.7.", "5.6.")) else "not_reachable"


def _complaint(mail: EmailMessage, letter: Letter, config: EmailConfig) -> list[Event]:
    """Somebody marked our mail as spam: they want no more of it."""
    blocks = _fields(mail, "message/feedback-report")
    kinds = {str(block.get("Feedback-Type") or "").strip().lower() for block in blocks}
    if not kinds & {"abuse", "opt-out"}:
        return []
    about = _meant(mail, [_recipient(block, "Original-Rcpt-To") for block in blocks], config)
    if about is None:
        return []
    name = f"complaint:{_name(mail, letter)}"
    return [Gone(address=about.address, at=_at(mail), external_id=name, scope="newsletter", reason=UNSUBSCRIBED)]


def _fields(mail: EmailMessage, kind: str) -> list[Message[Any, Any]]:
    """Give the blocks of fields of a report's machine-readable part."""
    for part in mail.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload()
            if isinstance(payload, list):
                return [each for each in payload if isinstance(each, Message)]
            raw = part.get_payload(decode=True)
            return [message_from_bytes(raw)] if isinstance(raw, bytes) else []
    return []


def _recipient(block: Message[Any, Any], name: str) -> str:
    return str(block.get(name, "")).rpartition(";")[2].strip(" <>").lower()


def _meant(mail: EmailMessage, addresses: list[str], config: EmailConfig) -> seals.Meant | None:
    """Find our letter by what came back of it, or by the address the report came to."""
    names, candidates = [], list(addresses)
    for returned in _returned(mail):
        names.append(header(returned, "Message-ID"))
        candidates += [address.lower() for _called, address in getaddresses([header(returned, "To")])]
    receivers = [header(mail, name) for name in ("To", "Delivered-To", "X-Original-To", "Envelope-To")]
    names += [address.lower() for _called, address in getaddresses(receivers)]
    return seals.meant(config.secret.get_secret_value(), names, [each for each in candidates if each])


def _returned(mail: EmailMessage) -> Iterator[Message[Any, Any]]:
    find: Callable[[Any], Any] = lambda part: part.get_payload(0) if part.is_multipart() else None  # noqa: E731
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822" and (found := find(part)) is not None:
            yield found
        elif part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes):
                yield message_from_bytes(raw, policy=policy.default)
