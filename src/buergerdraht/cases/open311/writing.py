"""POST Service Request: a report of another system becomes a case, once."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.hours import BERLIN
from buergerdraht.accounts.models import ApiToken, Organisation
from buergerdraht.cases import ground, opening, places, questions
from buergerdraht.cases import words as chat_words
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.open311 import asking, keys, pictures, reading
from buergerdraht.cases.open311.calls import Call, Refused
from buergerdraht.cases.open311.shapes import clean
from buergerdraht.cases.open311.words import say
from buergerdraht.cases.places import Spot
from buergerdraht.cases.report import LONGEST
from buergerdraht.cases.templatetags.citizens import in_words
from buergerdraht.wording.voice import spoken

SAME = timedelta(minutes=1)  # so long the same call is the same report, sent again
LONGEST_PLACE, LONGEST_NAME, LONGEST_PHONE, LONGEST_EMAIL = 200, 120, 40, 200
ATTRIBUTE = re.compile(r"attribute\[([^\]\[]{1,60})\](?:\[\d{0,3}\])?")


@dataclass(frozen=True)
class Report:
    """What was sent, whole and checked. `beyond`: whose the place is, if not ours."""

    category: Category
    text: str
    spot: Spot
    beyond: str
    answers: dict[str, str]
    reporter: dict[str, str]


def report(call: Call) -> list[dict[str, Any]]:
    """Open a case and answer its number; never a token beside it."""
    house = call.house()
    token = keys.token(call.request, house)
    category = _category(call, house)
    sent = _read(call, category)
    files, links = pictures.uploaded(call), pictures.links(call)
    if category.needs_photo and not files and not links:
        raise Refused(400, _("Für diesen service_code ist ein Bild nötig."))
    content = fingerprint(call, house, pictures.prints(files))
    number = keys.answered(token, content, SAME)
    if not number:
        files += pictures.fetched(links)  # takes seconds, so before anything is held
        number = keys.once(token, content, SAME, lambda: _open(sent, files, token))
    case = Case.objects.select_related("organisation").get(organisation=house, pk=int(number))
    return [{"service_request_id": case.number, "service_notice": _notice(case, category), "account_id": None}]


def fingerprint(call: Call, house: Organisation, prints: Sequence[str]) -> str:
    """What tells this call from another: all that was sent but the key."""
    said = sorted((name, values) for name, values in call.asked.lists() if name not in {"api_key", "jurisdiction_id"})
    return json.dumps([house.pk, call.request.path_info.rpartition("/v2/")[2].partition(".")[0], said, list(prints)])


def _category(call: Call, house: Organisation) -> Category:
    code = call.one("service_code")
    if not code:
        raise Refused(400, _("service_code fehlt."))
    category = reading.offered(house).select_related("organisation", "team").filter(key=code[:100]).first()
    if category is None:
        raise Refused(404, _("Diesen service_code gibt es nicht."))
    if category.refusal:
        raise Refused(400, in_words(category.refusal))
    return category


def _read(call: Call, category: Category) -> Report:
    """Read all fields. Raises Refused with a sentence for each that is wrong."""
    wrong: list[str] = []
    text = clean(call.asked.get("description") or "").strip()
    if len(text) > LONGEST:
        wrong.append(_("description hat mehr als %(most)s Zeichen.") % {"most": LONGEST})
    spot = Spot("")
    try:
        spot = _spot(call, category)
    except Refused as problem:
        wrong += problem.sentences
    answers = _answers(call, category, wrong)
    reporter = _reporter(call, wrong)
    if wrong:
        raise Refused(400, *wrong)
    return Report(category, text, spot, _beyond(category.organisation, spot), answers, reporter)


def _spot(call: Call, category: Category) -> Spot:
    """Settle where it is: the point, named by what was typed or the house there; else the house that was typed."""
    house, point, said = category.organisation, asking.point(call), call.one("address_string")
    if len(said) > LONGEST_PLACE:
        raise Refused(400, _("address_string hat mehr als %(most)s Zeichen.") % {"most": LONGEST_PLACE})
    if point:
        return Spot(said or places.near(house, *point) or chat_words.say(house, house.language, "pin"), *point)
    if said:
        found = places.find(house, said)
        return Spot(said, found[0].latitude, found[0].longitude) if len(found) == 1 else Spot(said)
    if call.one("address_id"):
        raise Refused(400, _("Diese address_id gibt es nicht. Senden Sie lat und long oder address_string."))
    if category.needs_place:
        raise Refused(400, _("Der Ort fehlt: lat und long oder address_string."))
    return Spot("")


def _beyond(house: Organisation, spot: Spot) -> str:
    if spot.latitude is None or spot.longitude is None or ground.inside(house, spot.latitude, spot.longitude):
        return ""
    neighbour = ground.neighbour(house, spot.latitude, spot.longitude)
    return neighbour.name if neighbour else "?"


def _answers(call: Call, category: Category, wrong: list[str]) -> dict[str, str]:
    """Read attribute[code]=value; what nobody asked is refused rather than lost."""
    given: dict[str, list[str]] = {}
    for name, values in call.asked.lists():
        if found := ATTRIBUTE.fullmatch(name):
            given.setdefault(found[1], []).extend(clean(each).strip() for each in values if each.strip())
    wants = {str(question["key"]): question["want"] for question in category.questions}
    for code in sorted(code for code, values in given.items() if values and code not in wants):
        wrong.append(_("attribute[%(code)s] gibt es hier nicht.") % {"code": clean(code)})
    for code in sorted(code for code, values in given.items() if code in wants and len(set(values)) > 1):
        wrong.append(_("attribute[%(code)s] hat nur einen Wert.") % {"code": code})
    for code in sorted(code for code, values in given.items() if code in wants and any(len(each) > questions.LONGEST for each in values)):
        wrong.append(_("attribute[%(code)s] hat mehr als %(most)s Zeichen.") % {"code": code, "most": questions.LONGEST})
    said = {code: values[0] for code, values in given.items() if values and code in wants}
    said = {code: _day(value) if wants[code] == questions.DATE else value for code, value in said.items()}
    try:
        return questions.check(category.questions, said, spoken())
    except ValidationError as problem:
        wrong += [f"attribute[{code}]: {sentences[0]}" for code, sentences in problem.message_dict.items()]
        return {}


def _day(said: str) -> str:
    """A question asks for a day; a datetime, as the specification has it, is one in Berlin."""
    try:
        read = datetime.fromisoformat(said) if "T" in said else None
        return said if read is None else (read.astimezone(BERLIN) if read.tzinfo else read).date().isoformat()
    except (ValueError, OverflowError):
        return said


def _reporter(call: Call, wrong: list[str]) -> dict[str, str]:
    """Read who reports. device_id and account_id are not kept: nothing here is done with them."""
    name, email, phone = " ".join(filter(None, (call.one("first_name"), call.one("last_name")))), call.one("email"), call.one("phone")
    for field, said, most in (
        ("first_name, last_name", name, LONGEST_NAME), ("email", email, LONGEST_EMAIL), ("phone", phone, LONGEST_PHONE)
    ):  # fmt: skip
        if len(said) > most:
            wrong.append(_("%(field)s: höchstens %(most)s Zeichen.") % {"field": field, "most": most})
    try:
        if email:
            validate_email(email)
    except ValidationError:
        wrong.append(_("email ist keine E-Mail-Adresse."))
    return {key: said for key, said in (("name", name), ("email", email), ("phone", phone)) if said}


def _open(sent: Report, files: Sequence[UploadedFile[Any]], token: ApiToken) -> str:
    house, spot = sent.category.organisation, sent.spot
    photos = pictures.keep(house, files)
    case = opening.open(
        opening.Matter(
            category=sent.category, at=timezone.now(), text=sent.text, place=spot.name, latitude=spot.latitude, longitude=spot.longitude,
            answers=sent.answers, photos=photos, reporter=sent.reporter, origin=Case.Origin.OPEN311, beyond=sent.beyond,
            operator=token.actor,
        )
    )  # fmt: skip
    return str(case.pk)


def _notice(case: Case, category: Category) -> str:
    """Say what happens next, and whose the place is if it is not ours."""
    house = case.organisation
    opened = Entry.objects.filter(case=case, what="opened").values_list("data", flat=True).first() or {}
    parts = [say(house, "notice_new", number=case.number)]
    if beyond := opened.get("beyond"):
        parts.append(say(house, "notice_beyond_unknown") if beyond == "?" else say(house, "notice_beyond", body=beyond))
    elif category.days:
        parts.append(say(house, "notice_days", days=str(category.days)))
    return " ".join(parts)
