"""Read what a person wrote in a mail: its plain text, else what its HTML says; above the signature and what is quoted.

Every byte is hostile. A signature or a quotation is cut off only where it surely is one: below "-- " (RFC 3676 4.3), below the heads the
common programs write, below the one line of a phone. What is cut off stays in the mailbox.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

import nh3

from buergerdraht.connectors.email.limits import TEXT_KEPT, TEXT_READ

JOINERS = "\u200d\u200e\u200f"  # hold signs together, or say where a line runs to
SIGNATURE = "-- "
NAMES = {"idna", "punycode"}  # for names of hosts: whole texts in them take minutes
DEEPEST = 2_000  # tags within tags; what people write has dozens, and some that nobody closed
_TAG = re.compile(r"<(?!(?:br|img|hr|meta|link|input|area|col|wbr)\b)(/?)([a-z][a-z0-9]*)", re.I)
LINES = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "hr", "blockquote", "table"}
WROTE = re.compile(r"^>?\s*(Am|On|Le|El)\b.{5,200}\b(schrieb|wrote|a écrit|escribió)\b.{0,200}:\s*$", re.I)
ORIGINAL = re.compile(
    r"^[>\s]*-{3,}\s*(Ursprüngliche Nachricht|Originalnachricht|Original Message|Weitergeleitete Nachricht|Reply Message)\s*-{3,}\s*$", re.I
)
RULE = re.compile(r"^[_\-]{10,}\s*$")
FROM_LINE = re.compile(r"^[>\s]*\*?(Von|From):\*?\s+\S", re.I)
SENT_LINE = re.compile(r"^[>\s]*\*?(Gesendet|Sent|Datum|Date|An|To):\*?\s+\S", re.I)
PHONE = re.compile(
    r"^(Von meine[mr] \w[\w .-]{1,40} gesendet|Gesendet (von|mit)( meine[mr])? [\w .,&()-]{2,60}|Sent from( my)? [\w .,&()-]{2,60}"
    r"|Diese Nachricht wurde von meinem .{2,60} gesendet)\.?$",
    re.I,
)


def fresh(mail: EmailMessage) -> str:
    """Give the words of a mail that are new."""
    return said(whole(mail))


def whole(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    content = _content(body)[:TEXT_READ]
    return from_html(content) if body.get_content_subtype() == "html" else tidy(content)


def _content(part: Any) -> str:
    """Decode a text whatever it claims to be."""
    try:
        if part.get_content_charset() in NAMES:
            raise LookupError
        found = part.get_content()
        if isinstance(found, str):
            return found
    except (LookupError, ValueError, TypeError):
        pass
    raw = part.get_payload(decode=True)
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def from_html(text: str) -> str:
    """Read what HTML says; quoted blocks get the sign that plain mails put before them."""
    if _depth(text) > DEEPEST:
        return tidy(html.unescape(re.sub(r"<[^<>]*>", " ", text)))
    safe = nh3.clean(text, tags=LINES, attributes={}, link_rel=None)
    safe = re.sub(r"\s+", " ", safe)
    safe = re.sub(r"<blockquote>", "\n> ", safe)
    safe = re.sub(r"</?(?:p|div|li|tr|h[1-4]|ul|ol|hr|blockquote|table)>|<br>", "\n", safe)
    return tidy(html.unescape(re.sub(r"<[^>]*>", "", safe)))


def _depth(text: str) -> int:
    """Count how many tags stand in one another: reading them takes the square of it. An end closes only what is open by its name."""
    open_: Counter[str] = Counter()
    depth = deepest = 0
    for end, name in _TAG.findall(text):
        name = name.lower()
        if end and not open_[name]:
            continue
        open_[name] += -1 if end else 1
        depth += -1 if end else 1
        deepest = max(deepest, depth)
    return deepest


def tidy(text: str) -> str:
    """Take out what is no text, and empty lines in a row."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    joined = joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines: list[str] = []
    for line in joined.split("\n"):
        kept = "".join(" " if sign.isspace() else sign for sign in line if sign.isprintable() or sign.isspace() or sign in JOINERS)
        bare = SIGNATURE if kept.rstrip() == "--" and kept.startswith(SIGNATURE) else kept.rstrip()
        if bare or (lines and lines[-1]):
            lines.append(bare)
    return "\n".join(lines).strip("\n")


def said(text: str) -> str:
    """Cut at the first line that surely is no longer the answer."""
    lines = text.split("\n")
    end = next((number for number in range(len(lines)) if _ends(lines, number)), len(lines))
    kept = lines[:end]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">") or (len(kept) > 1 and PHONE.match(kept[-1].strip()))):
        kept.pop()
    return "\n".join(kept).strip()[:TEXT_KEPT]


def _ends(lines: Sequence[str], number: int) -> bool:
    line, after = lines[number], [each for each in lines[number + 1 : number + 5] if each.strip()]
    if ORIGINAL.match(line) or line == SIGNATURE:
        return True
    if FROM_LINE.match(line) and after and SENT_LINE.match(after[0]):
        return True
    if RULE.match(line) and len(after) > 1 and FROM_LINE.match(after[0]) and SENT_LINE.match(after[1]):
        return True
    joined = f"{line.strip()} {lines[number + 1].strip()}" if number + 1 < len(lines) else line.strip()  # some break the line
    wrote = WROTE.match(line.strip()) or (re.match(r"^(Am|On)\b", line.strip()) and WROTE.match(joined))
    return bool(wrote and any(each.lstrip().startswith(">") for each in lines[number + 1 : number + 6]))
