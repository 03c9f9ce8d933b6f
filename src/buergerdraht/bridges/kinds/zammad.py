"""Zammad by its REST API (https://docs.zammad.org/en/latest/api/ticket/index.html) and its webhooks
(https://admin-docs.zammad.org/en/latest/manage/webhook.html).

No data of citizens goes along as a customer: the tickets of all cases belong to one neutral customer that the authority names. A POST
whose answer never came is looked for before it is made again: tickets by our mark in their title, articles by it in their subject.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from buergerdraht.bridges.kinds.letter import Letter, Picture, There, Trouble, ask, judge, taken
from buergerdraht.bridges.kinds.plain import from_html, tidy
from buergerdraht.gateway.outward import Heard

CLOSED = frozenset({"closed", "merged"})  # what Zammad calls an end, as it is delivered; a renamed state is read by its name


class Config(BaseModel):
    url: str  # https://zammad.stadt.example
    token: str
    group: str
    customer: str  # an e-mail address
    secret: str = ""  # the webhook's HMAC-SHA1 token
    closed: str = "closed"  # how the state that ends a ticket is called there


@dataclass(frozen=True)
class Said:
    """What a webhook tells. `article` empty: only the state changed."""

    ticket: str
    state: str
    article: str = ""
    words: str = ""
    agent: bool = False
    internal: bool = True
    pictures: tuple[tuple[str, str], ...] = ()  # name, address
    at: datetime | None = None  # when the ticket last changed, by their clock


# ── The calls ─────────────────────────────────────────────────────────────


def check(config: Config) -> None:
    """Ask who we are there. Raises Trouble."""
    _json(judge(ask("GET", f"{config.url}/api/v1/users/me", _headers(config))))


def hand_over(config: Config, letter: Letter, *, doubt: bool) -> There:
    """Open a ticket for a case. Raises Trouble."""
    if doubt and (known := look_for(config, letter)):
        return known
    answer = judge(ask("POST", f"{config.url}/api/v1/tickets", _headers(config), _bytes(ticket(config, letter))))
    with taken():
        return _there(config, _json(answer))


def look_for(config: Config, letter: Letter) -> There | None:
    """Find the ticket that a try without an answer may have made."""
    query = urlencode({"query": f'title:"{letter.mark}"', "limit": 10})
    found = _json(judge(ask("GET", f"{config.url}/api/v1/tickets/search?{query}", _headers(config))))
    held = found.get("assets", {}).get("Ticket", {}) if isinstance(found, dict) else {}
    listed = list(held.values()) if isinstance(held, dict) else []
    listed += found if isinstance(found, list) else []
    return next((_there(config, each) for each in listed if _marked(each, "title", letter)), None)


def add(config: Config, there: There, letter: Letter, *, doubt: bool) -> None:
    """Write an article to the ticket of a case. Raises Trouble."""
    if doubt:
        listed = _json(judge(ask("GET", f"{config.url}/api/v1/ticket_articles/by_ticket/{there.external_id}", _headers(config))))
        if any(_marked(each, "subject", letter) for each in listed if isinstance(listed, list)):
            return
    said = {"ticket_id": int(there.external_id), **article(letter)}
    judge(ask("POST", f"{config.url}/api/v1/ticket_articles", _headers(config), _bytes(said)))


def picture(config: Config, url: str) -> bytes:
    """Fetch a picture of an article. Only from the Zammad we know: an address of elsewhere would get our token."""
    if not url.startswith(f"{config.url}/api/v1/ticket_attachment/"):
        raise Trouble("address_refused", final=True)
    headers = {"Authorization": _headers(config)["Authorization"]}
    return judge(ask("GET", url, headers)).body


def _headers(config: Config) -> dict[str, str]:
    return {"Authorization": f"Token token={config.token}", "Content-Type": "application/json", "Accept": "application/json"}


def _bytes(said: Any) -> bytes:
    return json.dumps(said).encode()


def _json(heard: Heard) -> Any:
    try:
        return json.loads(heard.body)
    except (ValueError, RecursionError):
        raise Trouble("unreadable", status=heard.status) from None


def _there(config: Config, row: Any) -> There:
    number = str(row.get("id", "")) if isinstance(row, dict) else ""
    if not number.isdigit():
        raise Trouble("unreadable")
    return There(external_id=number, link=f"{config.url}/#ticket/zoom/{number}")


def _marked(row: Any, key: str, letter: Letter) -> bool:
    return isinstance(row, dict) and f"[{letter.mark}]" in str(row.get(key) or "")


# ── What is said ──────────────────────────────────────────────────────────


def ticket(config: Config, letter: Letter) -> dict[str, Any]:
    title = f"{letter.category}, {letter.place}" if letter.place else letter.category
    return {
        "title": f"{title[:180]} [{letter.mark}]", "group": config.group, "customer_id": f"guess:{config.customer}",
        "article": article(letter),
    }  # fmt: skip


def article(letter: Letter) -> dict[str, Any]:
    """Write a letter as an article: a note, of which nobody is mailed."""
    said: dict[str, Any] = {
        "subject": f"{letter.number} [{letter.mark}]", "body": body(letter), "content_type": "text/plain", "type": "note",
        "sender": "Agent", "internal": letter.inner,
    }  # fmt: skip
    if letter.pictures:
        said["attachments"] = [_attached(each) for each in letter.pictures]
    return said


def _attached(each: Picture) -> dict[str, str]:
    return {"filename": each.name, "data": base64.b64encode(each.data).decode(), "mime-type": each.mime}


def body(letter: Letter) -> str:
    """The words of a letter, with place and answers, for people to read."""
    lines = [letter.text] if letter.text else []
    if letter.place:
        lines.append(letter.place)
    if letter.latitude is not None and letter.longitude is not None:
        lines.append(f"{letter.latitude:.6f}, {letter.longitude:.6f}")
    lines += [f"{question}: {answer}" for _key, question, answer in letter.answers]
    return "\n\n".join([*lines, *([letter.link] if letter.link else [])]) or letter.number


# ── What is told ──────────────────────────────────────────────────────────


def genuine(secret: str, body: bytes, signature: str) -> bool:
    """Whether a webhook is signed with the secret: X-Hub-Signature, "sha1=" and the HMAC-SHA1 of the raw body."""
    if not secret:
        return False
    ours = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return hmac.compare_digest(ours.encode(), signature.strip().encode())


def read(body: bytes) -> Said | None:
    """Read what a webhook tells; None where it is none. Names come as text, in newer Zammads some as objects."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    ticket_row = told.get("ticket") if isinstance(told, dict) else None
    if not isinstance(ticket_row, dict) or not str(ticket_row.get("id", "")).isdigit():
        return None
    state, row, at = _name(ticket_row.get("state")), told.get("article"), _moment(ticket_row.get("updated_at"))
    if not isinstance(row, dict) or not str(row.get("id", "")).isdigit():
        return Said(str(ticket_row["id"]), state, at=at)
    html = str(row.get("content_type") or "").startswith("text/html")
    words = str(row.get("body") or "")
    return Said(
        ticket=str(ticket_row["id"]), state=state, article=str(row["id"]), words=from_html(words) if html else tidy(words),
        agent=_name(row.get("sender")) == "Agent", internal=row.get("internal") is not False, pictures=_pictures(row.get("attachments")),
        at=at,
    )  # fmt: skip


def ours(body: bytes) -> bool:
    """Whether an article is one that we wrote: a mark stands in its subject."""
    told = json.loads(body)
    row = told.get("article")
    return isinstance(row, dict) and "[BD-" in str(row.get("subject") or "")


def ended(config: Config, state: str) -> bool:
    return state.lower() in CLOSED | {config.closed.lower()}


def _moment(value: Any) -> datetime | None:
    """Read a moment as Zammad writes it (ISO 8601, in UTC); None where it is none, or far from now."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo and found < datetime.now(UTC) + timedelta(days=1) else None


def _name(value: Any) -> str:
    return str((value.get("name") if isinstance(value, dict) else value) or "")


def _pictures(listed: Any) -> tuple[tuple[str, str], ...]:
    found = []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(said := each.get("preferences"), dict):
            mime = str(said.get("Content-Type") or said.get("Mime-Type") or "")
            if mime.startswith("image/"):
                found.append((str(each.get("filename") or "bild"), str(each.get("url") or "")))
    return tuple(found[:10])
