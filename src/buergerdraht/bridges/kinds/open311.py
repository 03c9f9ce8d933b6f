"""Another Open311 server, GeoReport v2 (https://wiki.open311.org/GeoReport_v2/), with updates as mySociety extended it.

XML is what every server must speak, JSON what many do: both are read, bare or wrapped in one more level. A POST whose answer never came
is looked for by our mark before it is made again: we put the mark into the description, and the server lists what it has by time. A server
that shows new requests only after somebody looked at them cannot tell, and may get such a one twice.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from pydantic import BaseModel, Field

from buergerdraht.bridges.kinds.letter import Letter, Picture, There, Trouble, ask, judge, taken
from buergerdraht.gateway.outward import Heard

LONGEST_TEXT = 4000  # characters of a description (GeoReport v2, POST Service Request)
MOST_ASKED = 50  # requests in one question
AROUND = timedelta(hours=1)  # clocks differ
MOST_SERVICES = 500


class Config(BaseModel):
    url: str  # of the endpoint, without the name of a call: https://…/open311/v2
    api_key: str = ""
    jurisdiction: str = ""
    form: str = Field(default="json", pattern="^(json|xml)$")
    pictures: str = Field(default="none", pattern="^(none|link|upload)$")
    updates: bool = False  # the server takes and gives /servicerequestupdates


@dataclass(frozen=True)
class Service:
    """What can be reported there. `required`: codes of questions that must be answered."""

    code: str
    name: str
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """How a request stands there."""

    external_id: str
    status: str
    notes: str = ""


@dataclass(frozen=True)
class Update:
    key: str
    external_id: str
    status: str
    words: str


# ── The calls ─────────────────────────────────────────────────────────────


def check(config: Config) -> None:
    services(config)


def services(config: Config) -> list[Service]:
    """Fetch what can be reported there, with what must be answered. Raises Trouble."""
    found = []
    for each in rows(_get(config, "services"), "services", "service")[:MOST_SERVICES]:
        code = word(each, "service_code")
        if code:
            required = _required(config, code) if word(each, "metadata").lower() == "true" else ()
            found.append(Service(code, word(each, "service_name") or code, required))
    return found


def _required(config: Config, code: str) -> tuple[str, ...]:
    found = _get(config, f"services/{quote(code, safe='')}")
    tree = _tree(found)
    if isinstance(tree, list):
        tree = tree[0] if tree else {}
    attributes = tree.get("attributes", []) if isinstance(tree, dict) else []
    if isinstance(attributes, dict):
        attributes = attributes.get("attribute", [])
    listed = attributes if isinstance(attributes, list) else [attributes]
    return tuple(word(each, "code") for each in listed if isinstance(each, dict) and word(each, "required").lower() == "true")


def hand_over(config: Config, letter: Letter, *, doubt: bool) -> There:
    """Report a case there. Raises Trouble."""
    if doubt and (known := look_for(config, letter)):
        return known
    body, kind = encoded(fields(config, letter), letter.pictures if config.pictures == "upload" else ())
    headers = {"Content-Type": kind, "Accept": _accept(config)}
    answer = judge(ask("POST", f"{config.url}/requests.{config.form}", headers, body))
    with taken():
        there = made(answer)
    if not there.external_id and not there.token:
        raise Trouble("unreadable", doubt=True, status=answer.status)
    return there


def look_for(config: Config, letter: Letter) -> There | None:
    """Find what a try without an answer may have made, by our mark in its description."""
    first = letter.first_at or letter.at
    between = {"start_date": _time(first - AROUND), "end_date": _time(datetime.now(UTC) + AROUND)}
    wish = between | ({"service_code": letter.service} if letter.service else {})
    for each in rows(_get(config, "requests", wish), "service_requests", "request"):
        if marked(letter) in word(each, "description"):
            return There(external_id=word(each, "service_request_id"))
    return None


def add(config: Config, there: There, letter: Letter, *, doubt: bool) -> None:
    """Say there what happened later, where the server takes updates. The mark is the update's name, so that twice is once."""
    if not config.updates:
        return
    wish = _who(config) | {
        "update_id": letter.mark, "service_request_id": there.external_id, "updated_datetime": _time(letter.at),
        "status": "CLOSED" if letter.state in {"done", "rejected", "duplicate"} else "OPEN", "description": letter.text[:LONGEST_TEXT],
    }  # fmt: skip
    body, kind = encoded(list(wish.items()), ())
    judge(ask("POST", f"{config.url}/servicerequestupdates.{config.form}", {"Content-Type": kind, "Accept": _accept(config)}, body))


def number_of(config: Config, token: str) -> str:
    """Ask what became of a token; empty: not decided yet."""
    found = rows(_get(config, f"tokens/{quote(token, safe='')}"), "service_requests", "request")
    return word(found[0], "service_request_id") if found else ""


def states(config: Config, numbers: Sequence[str]) -> list[State]:
    """Ask how requests stand, at most MOST_ASKED at once."""
    wish = {"service_request_id": ",".join(numbers[:MOST_ASKED])}
    found = rows(_get(config, "requests", wish), "service_requests", "request")
    return [State(word(each, "service_request_id"), word(each, "status").lower(), word(each, "status_notes")) for each in found]


def updates(config: Config, since: datetime) -> list[Update]:
    """Ask what was said to requests since then."""
    wish = {"start_date": _time(since), "end_date": _time(datetime.now(UTC) + AROUND)}
    found = rows(_get(config, "servicerequestupdates", wish), "service_request_updates", "request_update")
    return [
        Update(word(each, "update_id"), word(each, "service_request_id"), word(each, "status").lower(), word(each, "description"))
        for each in found
        if word(each, "update_id")
    ]


def _get(config: Config, what: str, wish: dict[str, str] | None = None) -> Heard:
    asked = ({"jurisdiction_id": config.jurisdiction} if config.jurisdiction else {}) | (wish or {})
    query = f"?{urlencode(asked)}" if asked else ""
    return judge(ask("GET", f"{config.url}/{what}.{config.form}{query}", {"Accept": _accept(config)}))


def _accept(config: Config) -> str:
    return "application/json" if config.form == "json" else "text/xml, application/xml"


def _who(config: Config) -> dict[str, str]:
    keys = {"api_key": config.api_key, "jurisdiction_id": config.jurisdiction}
    return {key: value for key, value in keys.items() if value}


# ── What is said ──────────────────────────────────────────────────────────


def marked(letter: Letter) -> str:
    return f"[{letter.mark}]"


def fields(config: Config, letter: Letter) -> list[tuple[str, str]]:
    """Write a case as the fields of a POST. An answer goes along where the server's question has the key of ours."""
    said = letter.text[: LONGEST_TEXT - len(marked(letter)) - 2]
    wish = _who(config) | {"service_code": letter.service, "description": f"{said}\n\n{marked(letter)}".strip()}
    if letter.latitude is not None and letter.longitude is not None:
        wish |= {"lat": f"{letter.latitude:.6f}", "long": f"{letter.longitude:.6f}"}
    if letter.place:
        wish["address_string"] = letter.place
    if config.pictures == "link" and letter.picture_link:
        wish["media_url"] = letter.picture_link
    return [*wish.items(), *((f"attribute[{key}]", answer) for key, _question, answer in letter.answers)]


def encoded(said: Sequence[tuple[str, str]], pictures: Sequence[Picture]) -> tuple[bytes, str]:
    """Encode fields for a POST: urlencoded as the text wants it, multipart where pictures go along."""
    if not pictures:
        return urlencode(said).encode(), "application/x-www-form-urlencoded; charset=utf-8"
    line = secrets.token_hex(16)
    pieces = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in said]
    for number, each in enumerate(pictures, start=1):
        name = "media" if number == 1 else f"photo{number}"
        head = f'Content-Disposition: form-data; name="{name}"; filename="{each.name}"\r\nContent-Type: {each.mime}\r\n\r\n'
        pieces.append(head.encode() + each.data)
    body = b"".join(b"--" + line.encode() + b"\r\n" + piece + b"\r\n" for piece in pieces) + f"--{line}--\r\n".encode()
    return body, f"multipart/form-data; boundary={line}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ── What is answered ──────────────────────────────────────────────────────


def made(answer: Heard) -> There:
    """Read what a POST made: a number, or a token to ask for it with."""
    found = rows(answer, "service_requests", "request")
    return There(word(found[0], "service_request_id"), word(found[0], "token")) if found else There()


def rows(heard: Heard, wrapped: str, each: str) -> list[dict[str, Any]]:
    """Read a list: bare or wrapped JSON, or XML. Raises Trouble where it is neither."""
    tree = _tree(heard)
    if isinstance(tree, dict):
        tree = tree.get(wrapped, tree.get(each, []))
        if isinstance(tree, dict):
            tree = tree.get(each, [])
    listed = tree if isinstance(tree, list) else [tree]
    return [row for row in listed if isinstance(row, dict)]


def _tree(heard: Heard) -> Any:
    """Read a body as nested lists and dicts: JSON as it is, XML by its tags."""
    body = heard.body.strip()
    try:
        if body.startswith(b"<"):
            root = ElementTree.fromstring(body, forbid_dtd=True)
            return {_bare(root.tag): told} if isinstance(told := _of(root), list) else told
        return json.loads(body)
    except (ValueError, RecursionError, ElementTree.ParseError, DefusedXmlException):
        raise Trouble("unreadable", status=heard.status) from None


def _of(element: Any, deep: int = 0) -> Any:
    """One element: its text, a list where its children have one name in the plural, else a dict."""
    children = list(element) if deep < 8 else []
    if not children:
        return (element.text or "").strip() if deep else {}
    names = [_bare(child.tag) for child in children]
    if set(names) <= {"request", "service", "request_update", "attribute", "value", "error", "endpoint"}:
        return [_of(child, deep + 1) for child in children]
    return {name: _of(child, deep + 1) for name, child in zip(names, children, strict=True)}


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def word(row: dict[str, Any], key: str) -> str:
    """One value as text, whatever it was."""
    value = row.get(key)
    if value is None or isinstance(value, dict | list):
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip()


# ── Discovery ─────────────────────────────────────────────────────────────

GEOREPORT = "georeport_v2"


def discover(url: str) -> tuple[str, str]:
    """Read a discovery document (https://wiki.open311.org/Service_Discovery/): the address to call and the format. Raises Trouble."""
    found = judge(ask("GET", url, {"Accept": "application/json, text/xml"}))
    tree = _tree(found)
    if isinstance(tree, dict) and isinstance(tree.get("discovery"), dict):
        tree = tree["discovery"]
    ends = tree.get("endpoints", []) if isinstance(tree, dict) else []
    if isinstance(ends, dict):
        ends = ends.get("endpoint", [])
    listed = [each for each in (ends if isinstance(ends, list) else [ends]) if isinstance(each, dict)]
    fitting = [each for each in listed if word(each, "specification").rstrip("/").lower().endswith(GEOREPORT) and word(each, "url")]
    if not fitting:
        raise Trouble("nothing_there")
    best = min(fitting, key=lambda each: word(each, "type").lower() != "production")
    return word(best, "url").rstrip("/"), "json" if "json" in str(best.get("formats", "")).lower() else "xml"
