"""What Open311 says of a category and of a case: every field the specification names, None where we have nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import questions
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.open311.asking import DETAILED
from buergerdraht.cases.open311.shapes import moment
from buergerdraht.cases.open311.words import say
from buergerdraht.cases.templatetags.citizens import in_words
from buergerdraht.wording.voice import spoken

DATATYPES = {
    questions.TEXT: "string", questions.NUMBER: "number", questions.DATE: "datetime", questions.CHOICE: "singlevaluelist",
    questions.YES_NO: "singlevaluelist",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A released case with its pictures, and the number of what it is a double of, where that is public."""

    case: Case
    original: str = ""


# ── Services ──────────────────────────────────────────────────────────────


def service(category: Category) -> dict[str, Any]:
    about = [in_words(category.description), in_words(category.danger)]
    return {
        "service_code": category.key, "service_name": category.title_in(spoken()),
        "description": "\n\n".join(part for part in about if part) or None, "metadata": bool(category.questions), "type": "realtime",
        "keywords": ", ".join(keywords(category)), "group": category.group or None,
    }  # fmt: skip


def keywords(category: Category) -> list[str]:
    """What kind it is, and its synonyms; none holds a comma."""
    found = [category.kind, *category.synonyms.get(spoken(), category.synonyms.get("de", []))]
    return list(dict.fromkeys(each.replace(",", " ") for each in found))


def definition(house: Organisation, category: Category) -> dict[str, Any]:
    attributes = [_attribute(house, question, place) for place, question in enumerate(category.questions, 1)]
    return {"service_code": category.key, "attributes": attributes}


def _attribute(house: Organisation, question: dict[str, Any], place: int) -> dict[str, Any]:
    want = question["want"]
    hint = {questions.NUMBER: "want_number", questions.DATE: "want_date", questions.TEXT: "want_text"}.get(want, "want_choice")
    made = {
        "variable": True, "code": question["key"], "datatype": DATATYPES[want], "required": bool(question.get("required")),
        "datatype_description": say(house, hint, most=str(questions.LONGEST)), "order": place,
        "description": questions.said(question["text"], spoken()),
    }  # fmt: skip
    return made | ({"values": _values(house, question)} if DATATYPES[want] == "singlevaluelist" else {})


def _values(house: Organisation, question: dict[str, Any]) -> list[dict[str, str]]:
    """What can be chosen. The key is what `questions.check` takes in any language; the name is said in the one asked for."""
    if question["want"] == questions.YES_NO:
        return [{"key": "ja", "name": say(house, "said_yes")}, {"key": "nein", "name": say(house, "said_no")}]
    return [{"key": questions.said(each, "de"), "name": questions.said(each, spoken())} for each in question.get("options", ())]


# ── Requests ──────────────────────────────────────────────────────────────


def status(state: str) -> str:
    return "closed" if state in Case.CLOSED else "open"


def minimal(case: Case) -> dict[str, Any]:
    """What is said of a report nobody released yet."""
    fields = dict.fromkeys((
        "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
        "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat", "long",
        "media_url",
    ))  # fmt: skip
    return fields | {
        "service_request_id": case.number, "status": status(case.state), "service_name": case.category.title_in(spoken()),
        "service_code": case.category.key, "requested_datetime": moment(case.received_at), "updated_datetime": moment(updated(case)),
    }  # fmt: skip


def request(house: Organisation, told: Told) -> dict[str, Any]:
    """What was released of a case, in the order of the specification."""
    case, photos = told.case, pictures(told.case)
    still = case.state in Case.OPEN
    return minimal(case) | {
        "status_notes": said(house, case.state, told.original), "description": case.public_text or None, "agency_responsible": house.name,
        "service_notice": say(house, "notice_days", days=str(case.category.days)) if still and case.category.days else None,
        "expected_datetime": moment(case.due_at) if still else None, "address": case.place or None, "lat": case.latitude,
        "long": case.longitude, "media_url": picture_url(house, photos[0]) if photos else None,
    }  # fmt: skip


def updated(case: Case) -> datetime:
    """When it last changed, as `reading.dated` brings it along."""
    at: datetime = case.updated  # type: ignore[attr-defined]
    return at


def said(house: Organisation, state: str, original: str = "") -> str:
    """Say a state in a sentence, the same for everybody: what somebody was written stays between them and us."""
    if state == Case.State.DUPLICATE and original:
        return say(house, "status_duplicate_of", number=original)
    return say(house, f"status_{state}")


def pictures(case: Case) -> list[Photo]:
    """Its released, covered pictures, as `publishing.with_photos` brings them along."""
    found: list[Photo] = case.shown_photos  # type: ignore[attr-defined]
    return found


def picture_url(house: Organisation, photo: Photo) -> str:
    return f"{settings.PUBLIC_URL}{reverse('reports:picture', args=[house.slug, photo.pk])}"


def extended(house: Organisation, told: Told, steps: list[tuple[str, datetime]]) -> dict[str, Any]:
    """What clients ask for with extensions=true: the state in detail (CitySDK), all pictures, what became of it."""
    case = told.case
    photos = [
        {"media_url": picture_url(house, each), "title": each.kind, "width": each.shown.width, "height": each.shown.height}
        for each in pictures(case)
        if each.shown
    ]
    notes = [
        {"datetime": moment(at), "description": said(house, state, told.original if state == case.state else ""), "type": state}
        for state, at in steps
    ]
    about = {
        "detailed_status": DETAILED[case.state], "state": case.state, "service_kind": case.category.kind,
        "district": case.district.name if case.district else None, "photos": photos,
        "url": f"{settings.PUBLIC_URL}{reverse('reports:case', args=[house.slug, case.number])}",
    }  # fmt: skip
    return {"extended_attributes": about, "notes": notes}
