"""The providers' rules as tables: what is refused, and with which code."""

from __future__ import annotations

from typing import Any

import pytest

from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.providers import telegram_rules, whatsapp_rules
from buergerdraht.simulator.town import Account, Town

TEMPLATES = [
    {"name": "offen", "language": "de", "status": "APPROVED", "components": [{"type": "BODY", "text": "Hallo {{name}}"}]},
    {"name": "pause", "language": "de", "status": "PAUSED", "components": []},
    {"name": "aus", "language": "de", "status": "DISABLED", "components": []},
    {"name": "neu", "language": "de", "status": "PENDING", "components": []},
]


def button(number: int, title: str = "") -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": f"b{number}", "title": title or f"Wahl {number}"}}


def choices(*buttons: dict[str, Any], text: str = "Was?") -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": list(buttons)}}}


def rows(count: int) -> dict[str, Any]:
    section = {"rows": [{"id": f"r{number}", "title": f"Zeile {number}"} for number in range(count)]}
    action = {"button": "Auswahl", "sections": [section]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": "Was?"}, "action": action}}


def template(name: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    components = [{"type": "body", "parameters": list(parameters)}]
    return {"type": "template", "template": {"name": name, "language": {"code": "de"}, "components": components}}


ADA = {"type": "text", "parameter_name": "name", "text": "Ada"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "text", "text": {"body": "ä" * 4096}}, 0),
        ({"type": "text", "text": {"body": "ä" * 4097}}, 131009),
        ({"type": "text", "text": {}}, 131008),
        ({"type": "text"}, 131008),
        ({"type": "fax", "fax": {}}, 131051),
        ({"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x" * 513}, 100),
        ({"type": "image", "image": {"id": "gibt-es-nicht"}}, 131053),
        ({"type": "image", "image": {"id": "1", "link": "https://a.example"}}, 131008),
        (choices(button(1), button(2), button(3)), 0),
        (choices(button(1), button(2), button(3), button(4)), 100),
        (choices(button(1, "x" * 20)), 0),
        (choices(button(1, "x" * 21)), 131009),
        (choices(button(1, "gleich"), button(2, "gleich")), 131009),
        (choices(button(1), text="x" * 1025), 131009),
        (rows(10), 0),
        (rows(11), 100),
        (template("offen", ADA), 0),
        (template("offen"), 132000),
        (template("offen", {**ADA, "parameter_name": "fremd"}), 132000),
        (template("offen", {**ADA, "text": "zwei\nZeilen"}), 132012),
        (template("fehlt", ADA), 132001),
        (template("neu"), 132001),
        (template("pause"), 132015),
        (template("aus"), 132016),
        ({"type": "location", "location": {"latitude": 91, "longitude": 7}}, 100),
    ],
)
def test_whatsapp_accepts_or_refuses_with_its_code(body: dict[str, Any], code: int) -> None:
    account = Account("whatsapp", "1", "Stadt", "t", templates=TEMPLATES)
    body = {"messaging_product": "whatsapp", "to": "+4917139200000", **body}
    if not code:
        assert whatsapp_rules.check(Town(), account, body) == body["type"]
        return
    with pytest.raises(whatsapp_rules.Refusal) as refused:
        whatsapp_rules.check(Town(), account, body)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("x" * 4096, None, ""),
        ("x" * 4097, None, "too long"),
        ("<b>" + "x" * 4096 + "</b>", "HTML", ""),
        ("👋" * 2049, None, "too long"),
        ("", None, "empty"),
        ("<b> </b>", "HTML", "empty"),
        ("<h1>nein</h1>", "HTML", "can't parse entities"),
        ("<b><i>quer</b></i>", "HTML", "can't parse entities"),
        ("<b>offen", "HTML", "can't parse entities"),
    ],
)
def test_telegram_counts_after_parsing(text: str, mode: str | None, words: str) -> None:
    if not words:
        assert telegram_rules.check_text(text, mode, None)[0]
        return
    with pytest.raises(telegram_rules.Refusal, match=words):
        telegram_rules.check_text(text, mode, None)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ({"text": "Ja", "callback_data": "x" * 64}, True),
        ({"text": "Ja", "callback_data": "ä" * 33}, False),
        ({"text": "Ja"}, False),
        ({"text": "", "callback_data": "x"}, False),
        ({"text": "Web", "url": "https://stadt.example"}, True),
        ({"text": "Web", "url": "stadt"}, False),
    ],
)
def test_telegram_keyboard(key: dict[str, Any], good: bool) -> None:
    markup = {"inline_keyboard": [[key]]}
    if good:
        assert telegram_rules.check_markup(markup) == markup
        return
    with pytest.raises(telegram_rules.Refusal):
        telegram_rules.check_markup(markup)


def test_pair_rate_lends_45_then_one_in_six_seconds() -> None:
    pair = Bucket(1 / 6, 45)
    assert [pair.take(100.0) for _ in range(45)] == [0.0] * 45
    assert pair.take(100.0) == pytest.approx(6)
    assert pair.take(106.1) == 0.0
