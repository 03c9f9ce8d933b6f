"""What the live stream says of threads, and to whom: asked once for everything that happened in a moment.

A row of the list is drawn once for everybody who may see its thread, by language. Whoever may not see a thread hears nothing of it;
whoever could see it until now, and only they, hear that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import get_template
from django.utils import translation

from buergerdraht.accounts.models import Organisation
from buergerdraht.conversations import listing, sight
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.sight import Sight
from buergerdraht.gateway.hub import Ready, Said

TOPICS = ("conversation", "message", "receipt", "presence", "draft")
ROWS = {"conversation", "draft"}  # after these the row looks different
WAS = ("team_was", "operator_was")  # of the thread, before it was handed over: for us, not for pages
FILE_TOPIC, FILE = "message", "media"


def prepare(organisation_id: int, said: Sequence[Said], languages: frozenset[str]) -> list[Ready]:
    """Make events ready in a fixed number of queries, however many there are."""
    organisation = Organisation.objects.get(pk=organisation_id)
    events = _placed(organisation, said)
    numbers = {event.conversation for event in events if event.conversation}
    sights = sight.sights(organisation, numbers)
    redrawn = {event.conversation for event in events if event.said.topic in ROWS}
    drawn = _rows(organisation, {number for number in sights if number in redrawn}, languages)
    told: dict[tuple[object, ...], Ready] = {}
    for event in events:
        for key, ready in _told(event, sights, drawn):
            told[key] = ready
    return list(told.values())


def counts(organisation_id: int, people: Mapping[int, frozenset[int]]) -> Mapping[int, Mapping[str, Any]]:
    """The numbers beside the views, for everybody who listens."""
    return listing.counts_of(Organisation.objects.get(pk=organisation_id), people)


# ── Which thread it is about ──────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Event:
    said: Said
    values: dict[str, Any]
    conversation: int | None  # None: of no thread, everybody may hear of it


def _placed(organisation: Organisation, said: Sequence[Said]) -> list[Event]:
    """Find the threads of receipts and of files that arrived."""
    letters = [each.values["outbound"] for each in said if "outbound" in each.values]
    files = [each.values[FILE] for each in said if each.values.get(FILE)]
    house = Message.objects.filter(organisation=organisation)
    of_letter = dict(house.filter(outbound__in=letters).values_list("outbound", "conversation")) if letters else {}
    of_file: dict[str, list[tuple[int, int]]] = {}
    for file, conversation, message in house.filter(media__in=files).values_list("media", "conversation", "id") if files else ():
        of_file.setdefault(str(file), []).append((conversation, message))
    events = []
    for each in said:
        if each.topic == FILE_TOPIC and FILE in each.values:
            for conversation, message in of_file.get(each.values[FILE], ()):
                values = {FILE: each.values[FILE], "conversation": conversation, "message": message}
                events.append(Event(each, values, conversation))
            continue
        number = each.values.get("conversation") or of_letter.get(each.values.get("outbound", 0))
        events.append(Event(each, {name: value for name, value in each.values.items() if name not in WAS}, number))
    return events


# ── Who hears what ────────────────────────────────────────────────────────

Keyed = tuple[tuple[object, ...], Ready]
Hears = Callable[[int, frozenset[int]], bool]


def _told(event: Event, sights: Mapping[int, Sight], drawn: Mapping[int, Mapping[str, Any]]) -> list[Keyed]:
    said, number = event.said, event.conversation
    if number is None:
        return [(_key(said.topic, event), Ready(said.topic, event.values, _among(said.only, sight.EVERYBODY)))]
    seen = sights.get(number)
    if seen is None:  # it became part of another thread, or was erased
        return [(("gone", number, None), Ready("gone", {"conversation": number}))]
    row = drawn.get(number, {}) if said.topic in ROWS else {}
    found: list[Keyed] = [(_key(said.topic, event), Ready(said.topic, event.values, _among(said.only, seen), row))]
    if said.topic == "conversation" and (left := _left(said, seen)):
        found.append((_key("gone", event), Ready("gone", {"conversation": number}, left)))
    return found


def _key(topic: str, event: Event) -> tuple[object, ...]:
    """What is said twice in a moment is told once."""
    return (topic, tuple(sorted(event.values.items())), event.said.only)


def _among(only: frozenset[int] | None, seen: Sight) -> Hears:
    if only is None:
        return seen.allows
    return lambda operator, teams: operator in only and seen.allows(operator, teams)


def _left(said: Said, seen: Sight) -> Hears | None:
    """Who could see the thread until now and no longer may: those it was taken from by name, or the team it was handed on by."""
    if seen.everybody:
        return None
    if (only := said.only) is not None:
        return lambda operator, teams: operator in only and not seen.allows(operator, teams)
    if "team_was" not in said.values:
        return None
    team, operator_was = said.values["team_was"], said.values.get("operator_was")
    before = sight.EVERYBODY if team is None else Sight(False, frozenset({team}), frozenset({operator_was} if operator_was else ()))
    return lambda operator, teams: before.allows(operator, teams) and not seen.allows(operator, teams)


# ── What it looks like ────────────────────────────────────────────────────


def _rows(organisation: Organisation, numbers: set[int], languages: frozenset[str]) -> dict[int, dict[str, Any]]:
    """Draw the rows of these threads, once for everybody who may see them."""
    if not numbers:
        return {}
    template = get_template("conversations/_row.html")
    conversations: list[Conversation] = list(listing.drawn().filter(organisation=organisation, pk__in=numbers))
    found: dict[int, dict[str, Any]] = {conversation.pk: {} for conversation in conversations}
    for language in languages:
        with translation.override(language):
            for conversation in conversations:
                html = template.render({"row": listing.row(organisation, conversation)})
                found[conversation.pk][language] = {"row": " ".join(html.split())}
    return found
