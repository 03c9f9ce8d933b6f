"""The examples of docs/administration/api.md are called as they stand there, and answered in the form that stands there."""

from __future__ import annotations

import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from tests.api_town import token, town

from buergerdraht.accounts.rest.scopes import SCOPES
from buergerdraht.appointments import reading

PAGE = Path(__file__).parent.parent / "docs/administration/api.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", TEXT, re.DOTALL)


def shape(value: Any) -> Any:
    """What a value is made of: names and kinds, not what is said. A moment is told from other texts."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return "moment"
    return type(value).__name__


def call(command: str, names: dict[str, str]) -> Any:
    for name, value in names.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    assert "$" not in command
    headers, body, verb, url = {}, None, "post", urlsplit(words.pop())
    while words:
        option, value = words.pop(0), words.pop(0)
        if option == "-H":
            name, _colon, said = value.partition(": ")
            headers[name] = said
        elif option == "-X":
            verb = value.lower()
        else:
            assert option == "--json"
            body = json.loads(value)
    query = dict(parse_qsl(url.query))
    if body is None:
        return Client().get(url.path, headers=headers, query_params=query)
    return getattr(Client(), verb)(url.path, body, content_type="application/json", headers=headers, query_params=query)


def test_the_examples_of_the_page_do_what_they_say(db: None) -> None:
    here = town()
    _row, text = token(here)
    now = timezone.now()
    free = [each.begins_at.isoformat() for each in reading.free(here.offer, now, now + timedelta(days=30), 6)]
    names = {
        "TOKEN": text, "ADRESSE": "http://testserver", "THEMA": str(here.topic.pk), "KONTAKT": str(here.contact.pk),
        "ANSCHRIFT": str(here.address.pk), "UNTERHALTUNG": str(here.conversation.pk),
        "KATEGORIE": str(here.category.pk), "ANLIEGEN": str(here.case.pk),
        "AUFGABE": str(here.task.pk), "BUCHUNG": str(here.booking.pk),
        "TABELLE": str(here.table.pk), "ANGEBOT": str(here.offer.pk), "ZEIT": free[0], "ANDERE": free[5],
        "SPRECHSTUNDE": str(here.consultation.pk), "GAST": str(here.guest.pk), "DIALOG": str(here.dialog.pk), "VERLAUF": str(here.walk.pk),
    }  # fmt: skip
    assert len(EXAMPLES) == TEXT.count("```sh") >= 12
    for command, said in EXAMPLES:
        answer, expected = call(command, names), json.loads(said)
        got = json.loads(answer.content)
        assert answer.status_code == expected.get("status", answer.status_code), command
        assert answer.status_code < 400 or "status" in expected, (command, got)
        if got.get("scopes"):
            got["scopes"] = got["scopes"][:1]
        assert shape(got) == shape(expected), command
        if answer.status_code >= 400:
            assert got == expected


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_stands_on_the_page(scope: str) -> None:
    assert f"| `{scope}` |" in TEXT
