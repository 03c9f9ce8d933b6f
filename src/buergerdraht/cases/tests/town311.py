"""A town that takes part in Open311, and who asks it."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts import tokens
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.rest.scopes import REPORT
from buergerdraht.cases import actions, opening
from buergerdraht.cases.models import Case, Category, Ground, Photo
from buergerdraht.gateway import files

BASE = "/open311/v2"
SECRET = "Ich heiße Berta Geheim, Telefon 0800 5550100."


def take_part(town: Organisation) -> None:
    Ground.objects.update_or_create(organisation=town, defaults={"public": True})


def ask(path: str, base: str = BASE, /, **asked: Any) -> Any:
    return Client(headers={"accept-language": "de"}).get(f"{base}/{path}", asked)


def send(path: str, base: str = BASE, /, **said: Any) -> Any:
    """POST a form, urlencoded unless it holds a file. `attribute` is {code: value}."""
    if isinstance(said.get("attribute"), dict):
        said |= {f"attribute[{code}]": value for code, value in said.pop("attribute").items()}
    client = Client(headers={"accept-language": "de"})
    if any(hasattr(value, "read") for value in said.values()):
        return client.post(f"{base}/{path}", said)
    return client.post(f"{base}/{path}", urlencode(said, doseq=True), content_type="application/x-www-form-urlencoded; charset=utf-8")


def key(town: Organisation, operator: Operator, *scopes: str) -> str:
    return tokens.make(town, "Melde-App", scopes or (REPORT,), days=90, operator=operator)[1]


def report(category: Category, **fields: Any) -> Case:
    given: dict[str, Any] = {"text": SECRET, "place": "Marktstraße 12", "latitude": 51.101, "longitude": 7.1} | fields
    at = given.pop("at", timezone.now())
    return opening.open(opening.Matter(category=category, at=at, reporter={"email": "berta@geheim.example"}, **given))


def released(category: Category, operator: Operator, words: str = "Loch in der Fahrbahn", **fields: Any) -> Case:
    case = report(category, **fields)
    actions.release(case, words, [], operator=operator)
    case.refresh_from_db()
    return case


def picture(colour: str = "red", name: str = "berta-geheim.jpg") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    out.seek(0)
    out.name = name
    return out


def with_picture(case: Case, *, show: bool = True) -> Photo:
    """A picture whose covered version is blue while the original is red."""
    kept = [files.store(case.organisation, picture(colour).read(), "berta-geheim.jpg") for colour in ("red", "blue")]
    return Photo.objects.create(case=case, media=kept[0], shown=kept[1], state="covered", released=show)
