"""Write a mail: plain text and HTML that say the same, pictures inside with their description, files behind.

RFC 5322, 2045-2049, 2369 and 8058 (unsubscribing), 3834 (Auto-Submitted). The HTML is plain on purpose: headings, paragraphs, lists,
links; no tables for looks, no counting picture, nothing fetched from outside. Every block finds its own direction.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, localtime
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from buergerdraht.connectors.contract import Media
from buergerdraht.connectors.markdown import Run, plain, read, strip

UNFOLDED = frozenset({"list-unsubscribe", "message-id", "in-reply-to", "references"})


class Policy(EmailPolicy):
    """The library would encode a word that is longer than a line, and no program reads an encoded address."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() not in UNFOLDED:
            return str(super().fold(name, value))
        words = f"{self.linesep} ".join(str(value).split())
        return f"{name}: {words}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape") if name.lower() in UNFOLDED else super().fold_binary(name, value)


POLICY = Policy(linesep="\r\n", max_line_length=76)
MAP = "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"
FRAME = (
    '<!doctype html><html{language}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title></head>'
    "<body style=\"margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Arial,sans-serif\">"
    '<div style="max-width:40rem;margin:0 auto">{body}</div></body></html>'
)


class Thread(NamedTuple):
    """What a mail answers: the Message-ID, those before it, and its subject."""

    message_id: str = ""
    references: Sequence[str] = ()
    subject: str = ""
    proven: bool = False  # it surely is from whom it says


class Envelope(NamedTuple):
    """What is known of a mail when it is sent."""

    own: str
    name: str
    to: str
    message_id: str
    home: str  # the webhook's address, "" where there is none
    sealed: str  # the citizen's address, sealed: the ending of the unsubscribe link
    thread: Thread = Thread()


class File(NamedTuple):
    media: Media
    data: bytes


# ── The whole ─────────────────────────────────────────────────────────────


def write(body: Mapping[str, Any], envelope: Envelope, files: Sequence[File]) -> bytes:
    """Write a part's body as a mail, ready for SMTP."""
    mail = EmailMessage(policy=POLICY)
    newsletter = bool(body.get("footer"))
    box, _at, domain = envelope.to.rpartition("@")
    own_box, _at, own_domain = envelope.own.rpartition("@")
    title = clean(subject(body, envelope))
    mail["From"] = Address(" ".join(clean(envelope.name).split()), own_box, own_domain)
    mail["To"] = Address("", box, domain)
    mail["Subject"] = title
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = envelope.message_id
    if not body.get("by_person"):  # what a person typed is none (RFC 3834 2)
        mail["Auto-Submitted"] = "auto-generated" if newsletter or not envelope.thread.message_id else "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All" if newsletter else "OOF, AutoReply"
    if body.get("urgent"):
        mail["Importance"] = "high"
    if newsletter:
        mail["Precedence"] = "bulk"
        _add_way_out(mail, envelope)
    elif envelope.thread.message_id:
        mail["In-Reply-To"] = envelope.thread.message_id
        mail["References"] = " ".join([*list(envelope.thread.references)[-10:], envelope.thread.message_id])
    blocks = Blocks(body, envelope)
    mail.set_content(clean(blocks.as_text(files)), cte="quoted-printable")
    page = FRAME.format(title=html.escape(title), body=blocks.as_html(files), language=_language(body))
    mail.add_alternative(clean(page), "html", cte="quoted-printable")
    _add_files(mail, body, files)
    return mail.as_bytes()


def _language(body: Mapping[str, Any]) -> str:
    found = re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", str(body.get("language") or ""))
    return f' lang="{found[0]}"' if found else ""


def subject(body: Mapping[str, Any], envelope: Envelope) -> str:
    """Keep the thread's subject in an answer: some programs sort by it.

    Nobody shall have us carry their words to somebody else by a forged sender: where it may be forged, only a person keeps the subject.
    """
    before = " ".join(envelope.thread.subject.split())
    known = envelope.thread.message_id and (envelope.thread.proven or body.get("by_person"))
    if known and before and not body.get("footer"):
        return before if re.match(r"(?i)(re|aw|antw)\s*:", before) else f"Re: {before}"[:200]
    return str(body.get("subject") or envelope.name or envelope.own)


def clean(text: str) -> str:
    """Take out what no mail carries: half letters and control signs."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(sign for sign in whole if sign >= " " or sign in "\n\t")


def _add_way_out(mail: EmailMessage, envelope: Envelope) -> None:
    ways = [f"<{way_out(envelope)}>"] if envelope.home else []
    ways.append(f"<mailto:{envelope.own}?subject=abmelden%20{envelope.sealed}>")
    mail["List-Unsubscribe"] = ", ".join(ways)
    if envelope.home:
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def way_out(envelope: Envelope) -> str:
    """The link that ends the newsletters: the web's, else a mail."""
    if envelope.home:
        return f"{envelope.home}/abmelden/{envelope.sealed}"
    return f"mailto:{envelope.own}?subject=abmelden%20{envelope.sealed}"


def _add_files(mail: EmailMessage, body: Mapping[str, Any], files: Sequence[File]) -> None:
    inline = set(body.get("inline") or ())
    page = mail.get_payload()[1]  # type: ignore[index] # the alternative made above
    for file in files:
        if file.media.id in inline:
            kind, _slash, sub = _mime(file.media).partition("/")
            page.add_related(  # type: ignore[union-attr]
                file.data, kind, sub, cid=f"<{_cid(file.media)}>", disposition="inline", filename=_name(file.media)
            )
    for file in files:
        if file.media.id not in inline:
            kind, _slash, sub = _mime(file.media).partition("/")
            mail.add_attachment(file.data, kind, sub, filename=_name(file.media))


def _mime(media: Media) -> str:
    found = media.mime.split(";")[0].strip().lower()
    return found if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}", found) else "application/octet-stream"


def _name(media: Media) -> str:
    return " ".join(clean(media.file_name).split()).replace("/", "_")[:120] or {"image": "bild", "voice": "sprachnachricht"}.get(
        media.kind, "datei"
    )


def _cid(media: Media) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", media.id)[:60] + "@buergerdraht"


# ── What it says ──────────────────────────────────────────────────────────


class Blocks:
    """A mail's parts, each written in both forms."""

    def __init__(self, body: Mapping[str, Any], envelope: Envelope) -> None:
        self.body = body
        self.envelope = envelope
        self.title = strip(read(str(body.get("title") or "")))
        self.text = strip(read(str(body.get("text") or "")))
        self.choices: Sequence[Mapping[str, str]] = body.get("choices") or ()
        self.replies = [each for each in self.choices if not each["url"]]

    def as_text(self, files: Sequence[File]) -> str:
        pieces = [plain(self.title), plain(self.text), *self._pictures_in_words(files), *self._place_in_words(), self._choices_in_words()]
        if footer := self.body.get("footer"):
            word, _colon, rest = str(footer).partition(":")
            address = way_out(self.envelope)
            pieces.append("-- \n" + (f"{word.strip()}: {address}" if rest else f"{footer}\n{address}"))
        return "\n\n".join(piece for piece in pieces if piece.strip()) + "\n"

    def as_html(self, files: Sequence[File]) -> str:
        pieces = [f'<h1 dir="auto" style="font-size:1.4em;line-height:1.25">{_runs(self.title)}</h1>'] if self.title else []
        pieces += [_paragraphs(self.text), *self._pictures(files)]
        if place := self.body.get("place"):
            name = html.escape(_called(place))
            pieces.append(f'<p dir="auto"><a href="{html.escape(_map(place))}">{name}</a></p>')
        pieces.append(self._choices())
        if footer := self.body.get("footer"):
            word = str(footer).partition(":")[0].strip() or str(footer)
            link = f'<a href="{html.escape(way_out(self.envelope))}">{html.escape(word)}</a>'
            pieces.append(f'<hr><p dir="auto" style="font-size:.9em">{link}</p>')
        return "".join(pieces)

    def _choices(self) -> str:
        """Links that open a page as they are; answers as links that open a mail which is ready to be sent."""
        rows = []
        for each in self.choices:
            address = each["url"] or self._answer(each)
            about = f" – {html.escape(each['description'])}" if each["description"] else ""
            rows.append(
                f'<li dir="auto" style="margin:.5em 0"><a href="{html.escape(address)}">{html.escape(each["title"])}</a>{about}</li>'
            )
        if not rows:
            return ""
        label = self.body.get("label")
        head = f'<p dir="auto"><strong>{html.escape(str(label))}</strong></p>' if label else ""
        # Numbers only where a number is an answer: links between would count along.
        tag = "ol" if self.replies and len(self.replies) == len(self.choices) else "ul"
        return f"{head}<{tag}>{''.join(rows)}</{tag}>"

    def _answer(self, choice: Mapping[str, str]) -> str:
        """Open a mail that is ready to be sent. Its subject names our letter, as an answer to it would."""
        title, mark = quote(choice["title"]), quote(f" [{self.envelope.message_id.strip('<>').partition('@')[0]}]")
        return f"mailto:{quote(self.envelope.own, safe='@')}?subject={title}{mark}&body={title}"

    def _choices_in_words(self) -> str:
        lines = [f"{self.body['label']}:"] if self.body.get("label") else []
        number = 0
        for each in self.choices:
            about = f" – {each['description']}" if each["description"] else ""
            number += not each["url"]
            lines.append(f"{each['title']}{about}: {each['url']}" if each["url"] else f"{number}. {each['title']}{about}")
        return "\n".join(lines) if self.choices else ""

    def _pictures(self, files: Sequence[File]) -> list[str]:
        inline = set(self.body.get("inline") or ())
        return [
            f'<p><img src="cid:{_cid(file.media)}" alt="{html.escape(file.media.alt)}" style="max-width:100%;height:auto"></p>'
            for file in files
            if file.media.id in inline
        ]

    def _pictures_in_words(self, files: Sequence[File]) -> list[str]:
        return [f"[{file.media.alt}]" for file in files if file.media.alt]

    def _place_in_words(self) -> list[str]:
        place = self.body.get("place")
        return [f"{_called(place)}\n{_map(place)}"] if place else []


def _called(place: Mapping[str, Any]) -> str:
    names = [str(place[key]) for key in ("name", "address") if place.get(key)]
    return ", ".join(names) or f"{place['latitude']}, {place['longitude']}"


def _map(place: Mapping[str, Any]) -> str:
    return MAP.format(latitude=quote_plus(str(place["latitude"])), longitude=quote_plus(str(place["longitude"])))


def _paragraphs(runs: Sequence[Run]) -> str:
    """Write paragraphs and lists: lines that begin with a dot are a list for screen readers, too."""
    pieces: list[str] = []
    for kind, lines in _grouped(_lines(runs)):
        if kind == "list":
            pieces.append("<ul>" + "".join(f'<li dir="auto">{_runs(_without_dot(line))}</li>' for line in lines) + "</ul>")
        else:
            pieces.append('<p dir="auto">' + "<br>".join(_runs(line) for line in lines) + "</p>")
    return "".join(pieces)


def _lines(runs: Sequence[Run]) -> list[list[Run]]:
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *more = run.text.split("\n")
        lines[-1].append(run._replace(text=first))
        lines += [[run._replace(text=each)] for each in more]
    return [[run for run in line if run.text] for line in lines]


def _grouped(lines: Sequence[Sequence[Run]]) -> list[tuple[str, list[Sequence[Run]]]]:
    groups: list[tuple[str, list[Sequence[Run]]]] = []
    fresh = True
    for line in lines:
        if not "".join(run.text for run in line).strip():
            fresh = True
            continue
        kind = "list" if line[0].text.lstrip().startswith("• ") else "words"
        if fresh or groups[-1][0] != kind:
            groups.append((kind, []))
        groups[-1][1].append(line)
        fresh = False
    return groups


def _without_dot(line: Sequence[Run]) -> list[Run]:
    return [line[0]._replace(text=line[0].text.lstrip()[2:]), *line[1:]]


def _runs(runs: Sequence[Run]) -> str:
    return "".join(_run(run) for run in runs)


def _run(run: Run) -> str:
    written = html.escape(run.text)
    for tag, on in (("code", run.code), ("s", run.struck), ("em", run.italic), ("strong", run.bold)):
        if on:
            written = f"<{tag}>{written}</{tag}>"
    return f'<a href="{html.escape(run.url)}">{written}</a>' if run.url else written
