"""Meta's rules for messages as tables: what is refused, and with which code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from buergerdraht.simulator import graph_rules
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.instagram import Instagram
from buergerdraht.simulator.providers.messenger import Messenger
from buergerdraht.simulator.town import Account, Town

TEMPLATES = [
    {"name": "offen", "language": "de", "status": "APPROVED", "components": [{"type": "BODY", "text": "Hallo {{1}}"}]},
    {"name": "neu", "language": "de", "status": "PENDING", "components": []},
]


def refused(check: Callable[..., Any], *values: Any) -> int:
    """The code of the refusal, 0 where there is none."""
    try:
        check(*values)
    except graph_rules.Refusal as refusal:
        return refusal.code
    return 0


def reply(number: int, title: str = "Ja") -> dict[str, Any]:
    return {"content_type": "text", "title": title, "payload": f"p{number}"}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "postback", "title": "Ja", "payload": "ja", **more}


def buttons(*some: dict[str, Any], text: str = "Was?") -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": {"template_type": "button", "text": text, "buttons": list(some)}}}


def template(name: str, *values: str) -> dict[str, Any]:
    components = [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}]
    return {"template": {"name": name, "language": {"code": "de"}, "components": components}}


def file(kind: str, **payload: str) -> dict[str, Any]:
    return {"attachment": {"type": kind, "payload": payload}}


MANY = {"attachments": [file("image", url="https://a.example/a.png")["attachment"]] * 2}


@pytest.mark.parametrize(
    ("message", "messenger", "instagram"),
    [
        ({"text": "ä" * 2000}, 0, 100),
        ({"text": "ä" * 500}, 0, 0),
        ({"text": "ä" * 501}, 0, 100),
        ({"text": "ä" * 2001}, 100, 100),
        ({"text": "  "}, 100, 100),
        ({}, 100, 100),
        ({"text": "x", "attachment": {}}, 100, 100),
        ({"text": "x", "quick_replies": [reply(number) for number in range(13)]}, 0, 0),
        ({"text": "x", "quick_replies": [reply(number) for number in range(14)]}, 100, 100),
        ({"text": "x", "quick_replies": [reply(1, "x" * 21)]}, 100, 100),
        ({"text": "x", "quick_replies": [{"content_type": "location"}]}, 100, 100),
        (buttons(button(), button(), button()), 0, 0),
        (buttons(*[button()] * 4), 100, 100),
        (buttons(), 100, 100),
        (buttons(button(title="x" * 21)), 100, 100),
        (buttons(button(), text="x" * 641), 100, 100),
        (buttons({"type": "web_url", "title": "Web", "url": "javascript:1"}), 100, 100),
        (file("image", url="https://a.example/a.png"), 0, 0),
        (file("image", attachment_id="gibt-es-nicht"), 100, 100),
        (file("image"), 100, 100),
        (file("fax", url="https://a.example"), 100, 100),
        (MANY, 0, 100),
        (template("offen", "Ada"), 0, 100),
        (template("offen"), 100, 100),
        (template("neu"), 100, 100),
        (template("gibt-es-nicht"), 100, 100),
    ],
)
def test_a_message_is_held_against_the_pages(message: dict[str, Any], messenger: int, instagram: int) -> None:
    town = Town()
    account = Account("messenger", "1", "Stadt", "t", templates=TEMPLATES)
    for rules, code in ((Messenger.rules, messenger), (Instagram.rules, instagram)):
        assert refused(graph_rules.check_message, town, account, rules, message) == code


HOUR = 3600


@pytest.mark.parametrize(
    ("body", "hours", "granted", "code"),
    [
        ({"messaging_type": "RESPONSE"}, 23, False, 0),
        ({"messaging_type": "RESPONSE"}, 25, True, 10),
        ({"messaging_type": "UPDATE"}, 25, True, 10),
        ({"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, 25, True, 0),
        ({"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, 25, False, 10),
        ({"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, 7 * 24 + 1, True, 10),
        ({"messaging_type": "MESSAGE_TAG", "tag": "CONFIRMED_EVENT_UPDATE"}, 1, True, 100),
        ({"messaging_type": "UTILITY", "message": {"template": {}}}, 9999, False, 0),
        ({"messaging_type": "UTILITY"}, 1, True, 100),
        ({}, 1, True, 100),
    ],
)
def test_time_decides_what_may_still_go_out(body: dict[str, Any], hours: int, granted: bool, code: int) -> None:
    account = Account("messenger", "1", "Stadt", "t", data={"human_agent": granted})
    assert refused(graph_rules.check_time, account, {"message": {"text": "x"}, **body}, hours * HOUR) == code


@pytest.mark.parametrize(
    ("kind", "mime", "size", "instagram"),
    [
        ("image", "image/png", 8 << 20, True),
        ("image", "image/png", (8 << 20) + 1, False),
        ("image", "application/pdf", 10, False),
        ("audio", "audio/mp4", 25 << 20, True),
        ("audio", "audio/mp4", 0, False),
        ("file", "application/pdf", 10, True),
        ("file", "application/zip", 10, False),
        ("hologram", "image/png", 10, False),
    ],
)
def test_a_file_is_what_it_says_and_not_too_large(kind: str, mime: str, size: int, instagram: bool) -> None:
    assert refused(graph_rules.check_upload, Instagram.rules, kind, mime, size) == (0 if instagram else 100)


async def test_an_hour_without_answer_ends_the_subscription() -> None:
    now = [1000.0]
    town = Town(clock=lambda: now[0])
    double = Messenger(town, Delivery(town))
    account = town.add_account(double.account({"name": "Stadt"}, 1))
    account.data |= {"subscribed": True, "fields": ["messages"]}
    account.webhook_error = "not delivered"
    assert double.listens(account)
    now[0] += 3599
    assert double.listens(account)
    account.webhook_error = ""
    assert double.listens(account)
    account.webhook_error = "not delivered"
    now[0] += 3600
    assert double.listens(account)
    now[0] += 3600
    assert not double.listens(account)
    account.webhook_error = ""
    assert not double.listens(account)
