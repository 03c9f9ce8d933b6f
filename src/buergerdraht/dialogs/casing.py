"""A case out of a walk: its category, the answers as its words, its place and its photos."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.utils import timezone

from buergerdraht.cases import opening
from buergerdraht.cases.models import Case, Category
from buergerdraht.conversations.models import Message
from buergerdraht.dialogs.models import Session
from buergerdraht.dialogs.walk import Matter
from buergerdraht.gateway.models import Media


def open(session: Session, matter: Matter) -> str:
    """Open a case; whoever walks follows it. Returns its number, or "" where there is no such category any more."""
    category = Category.objects.select_related("organisation", "team").filter(
        organisation=session.organisation_id, key=matter.category, active=True
    ).first()  # fmt: skip
    if category is None:
        return ""
    place = _place(matter.answers)
    case = opening.open(opening.Matter(
        category=category, at=timezone.now(), text=matter.summary, place=str(place.get("words", "")), latitude=place.get("latitude"),
        longitude=place.get("longitude"), photos=_photos(session, matter.answers), contact=session.contact, address=session.address,
        origin=Case.Origin.DIALOG,
    ))  # fmt: skip
    return case.number


def _place(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last place they named, one on the map before one in words."""
    places = [value for value in answers.values() if isinstance(value, dict) and "words" in value]
    return next((value for value in reversed(places) if "latitude" in value), places[-1] if places else {})


def _photos(session: Session, answers: Mapping[str, Any]) -> list[Media]:
    """The pictures they sent themselves: an id that somebody typed leads to no file of others."""
    sent = Message.objects.filter(
        conversation__contact=session.contact_id, organisation=session.organisation_id, author=Message.Author.CITIZEN
    )
    rows = Media.objects.filter(organisation=session.organisation_id, kind="image", pk__in=list(_ids(answers.values())))
    return list(rows.filter(message__in=sent).distinct().order_by("created_at", "pk"))


def _ids(values: Iterable[Any]) -> Iterable[uuid.UUID]:
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and len(each) == 36:
                with suppress(ValueError):
                    yield uuid.UUID(each)
