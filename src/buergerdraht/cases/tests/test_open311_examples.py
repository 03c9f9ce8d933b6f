"""The examples of docs/administration/open311.md are called as they stand there, and answered as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases.models import Category
from buergerdraht.cases.open311.asking import DETAILED, SORTS
from buergerdraht.cases.tests.town311 import key, released, take_part

PAGE = Path(__file__).parents[4] / "docs/administration/open311.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", TEXT, re.DOTALL)


def call(command: str, names: dict[str, str]) -> Any:
    for name, value in names.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    assert "$" not in command
    url, body = urlsplit(words.pop()), "&".join(words[1::2])
    client = Client(headers={"accept-language": "de"})
    if not body:
        return client.get(f"{url.path}?{url.query}")
    assert set(words[::2]) == {"-d"}
    return client.post(url.path, body, content_type="application/x-www-form-urlencoded")


def still(value: Any) -> Any:
    """What is the same on every day: moments and ids are told apart from other words, not from each other."""
    if isinstance(value, list):
        return [still(each) for each in value]
    if isinstance(value, dict):
        return {name: "id" if name == "update_id" else still(each) for name, each in value.items()}
    if isinstance(value, str):
        moment = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", value)
        return "moment" if moment else re.sub(r"\d{4}-(\d{5})", r"JJJJ-\1", value)
    return value


def test_the_examples_of_the_page_are_answered_as_they_stand_there(town: Organisation, hole: Category, kemal: Operator) -> None:
    take_part(town)
    case = released(hole, kemal)
    names = {"ADRESSE": "http://testserver", "TOKEN": key(town, kemal), "NUMMER": case.number}
    assert len(EXAMPLES) == TEXT.count("```sh") == 5
    for command, said in EXAMPLES:
        answer = call(command, names)
        assert still(json.loads(answer.content)) == still(json.loads(said)), command


@pytest.mark.parametrize("word", [*SORTS, *DETAILED.values(), "cases:report", "X-Api-Key"])
def test_what_can_be_asked_stands_on_the_page(word: str) -> None:
    assert f"`{word}`" in TEXT
