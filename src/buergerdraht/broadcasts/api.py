"""Broadcasts for another system: read them and their figures, write drafts. Releasing and sending stay with people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field, StrictBool

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Strict, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.broadcasts import actions, content, drafts, ledger, reading
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts.models import District, Topic
from buergerdraht.gateway.models import Channel

router = Router(tags=["broadcasts"])
States = Literal["draft", "submitted", "approved", "sending", "paused", "done", "stopped", "withdrawn"]
Language = Annotated[Text, Field(max_length=12)]
FARTHEST = timedelta(days=731)  # from now a broadcast may be planned


# ── Reading ───────────────────────────────────────────────────────────────


class Words(Wish):
    title: Text = Field(default="", max_length=200)
    text: Text = Field(default="", max_length=drafts.LONGEST, description="Markdown: **bold** _italic_ ~~struck~~ [title](url) - list")


class Button(Wish):
    """Opens a page; without `url` it begins a conversation. `labels` by language."""

    url: Text = Field(default="", max_length=2000)
    labels: dict[Language, Annotated[Text, Field(min_length=1, max_length=60)]]


class Audience(Wish):
    """Empty lists choose everybody who may be written to."""

    topics: list[Strict] = Field(default_factory=list, max_length=200)
    channels: list[Strict] = Field(default_factory=list, max_length=200)
    districts: list[Strict] = Field(default_factory=list, max_length=200)
    languages: list[Language] = Field(default_factory=list, max_length=50)
    exclude_topics: list[Strict] = Field(default_factory=list, max_length=200)


class BroadcastShown(Schema):
    """`texts` by language; `version` counts changes and has to be named when one is made; `files` are added at the desk."""

    id: int
    title: str
    state: States
    texts: dict[str, Words]
    buttons: list[Button]
    audience: Audience
    files: int
    urgent: bool
    hint: str
    version: int
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Figures(Schema):
    """How many people stand on each step; each on exactly one. `counted_at`: null for just now."""

    total: int
    steps: dict[str, int]
    reasons: dict[str, int]
    counted_at: datetime | None


class BroadcastOne(BroadcastShown):
    figures: Figures | None


class BroadcastsWanted(Paging):
    state: States | None = None
    archived: bool = False
    changed_since: Moment | None = None


@router.get("/broadcasts", auth=needs("broadcasts:read"), response=Page[BroadcastShown], operation_id="broadcasts")
def listing(request: ApiRequest, wanted: Query[BroadcastsWanted]) -> dict[str, Any]:
    """List the broadcasts that fit."""
    rows = Broadcast.objects.filter(organisation=request.organisation, archived_at__isnull=not wanted.archived)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.changed_since:
        rows = rows.filter(updated_at__gte=wanted.changed_since)
    return page(request, rows, wanted, lambda row: BroadcastShown(**_broadcast(row)))


@router.get("/broadcasts/{int:broadcast}", auth=needs("broadcasts:read"), response=BroadcastOne, operation_id="broadcast")
def one(request: ApiRequest, broadcast: Path[Number]) -> BroadcastOne:
    """Show a broadcast with its figures."""
    return _one(_found(request, broadcast))


def _found(request: ApiRequest, number: int) -> Broadcast:
    return get_object_or_404(Broadcast.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _broadcast(row: Broadcast) -> dict[str, Any]:
    texts = {language: Words(title=kept.get("title", ""), text=kept.get("text", "")) for language, kept in row.versions.items()}
    chosen = {name: row.audience.get(name, []) for name in ("topics", "channels", "districts", "languages")}
    return {
        "id": row.pk, "title": row.title, "state": row.state, "texts": texts, "buttons": _buttons(row), "files": len(drafts.media_of(row)),
        "audience": Audience.model_construct(**chosen, exclude_topics=row.audience.get("exclude", {}).get("topics", [])),
        "urgent": row.urgent, "hint": row.hint, "version": row.version, "scheduled_at": row.scheduled_at, "started_at": row.started_at,
        "finished_at": row.finished_at, "created_at": row.created_at, "updated_at": row.updated_at,
    }  # fmt: skip


def _one(row: Broadcast) -> BroadcastOne:
    figures = None
    if row.started_at:
        sums = ledger.figures(row)
        steps = {step: sums.total.steps[step] for step in ledger.STEPS}
        figures = Figures(total=sums.total.total, steps=steps, reasons=dict(sums.total.reasons), counted_at=sums.at)
    return BroadcastOne(**_broadcast(row), figures=figures)


def _buttons(row: Broadcast) -> list[Button]:
    found = []
    for number, url in enumerate(reading.links(row)):
        labels = {
            language: choice["title"]
            for language, kept in row.versions.items()
            for choice in kept.get("choices", [])
            if choice.get("id") == f"b{number}"
        }
        if labels:
            found.append(Button.model_construct(url=url, labels=labels))
    return found


# ── Drafts ────────────────────────────────────────────────────────────────


class Draft(Wish):
    """`texts` by language, one of the organisation's own."""

    title: Text = Field(min_length=1, max_length=120)
    texts: dict[Language, Words] = Field(default_factory=dict)
    buttons: list[Button] = Field(default_factory=list, max_length=drafts.BUTTONS)
    audience: Audience = Field(default_factory=lambda: Audience())
    urgent: StrictBool = False
    hint: Text = Field(default="", max_length=300, description="To the person who releases it.")
    scheduled_at: Moment | None = None


class DraftChange(Wish):
    """What is not named stays; `texts`, `buttons` and `audience` replace all that was there. `version` as it was read."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
    title: Text | None = Field(None, min_length=1, max_length=120)
    texts: dict[Language, Words] | None = None
    buttons: list[Button] | None = Field(None, max_length=drafts.BUTTONS)
    audience: Audience | None = None
    urgent: StrictBool | None = None
    hint: Text | None = Field(None, max_length=300)
    scheduled_at: Moment | None = None


@router.post("/broadcasts", auth=needs("broadcasts:write"), response={201: BroadcastOne}, operation_id="draft_broadcast")
def create(request: ApiRequest, wish: Draft, key: Key) -> HttpResponse:
    """Write a draft. People look at it, release and send it."""
    return once(request, key, lambda: _create(request, wish))


@router.patch("/broadcasts/{int:broadcast}", auth=needs("broadcasts:write"), response=BroadcastOne, operation_id="change_broadcast")
def change(request: ApiRequest, broadcast: Path[Number], wish: DraftChange) -> BroadcastOne:
    """Change a draft. What was handed in or released is changed at the desk only."""
    found = _found(request, broadcast)
    if found.state != Broadcast.State.DRAFT:
        raise Problem(409, "no_draft", _("Das geht nicht mehr: Die Rundnachricht ist kein Entwurf."))
    named = {name: value for name in wish.model_fields_set - {"version"} if (value := getattr(wish, name)) is not None}
    if "scheduled_at" in wish.model_fields_set:
        named["scheduled_at"] = wish.scheduled_at
    try:
        row = actions.change(found, operator=request.operator, version=wish.version, **_fields(found, named))
    except actions.Stale:
        raise Problem(409, "stale", _("Jemand hat den Entwurf inzwischen geändert. Lesen Sie ihn neu."), version=found.version) from None
    except ValidationError as problem:
        raise Problem(409, "no_draft", " ".join(problem.messages)) from None
    return _one(row)


def _create(request: ApiRequest, wish: Draft) -> tuple[int, BroadcastOne]:
    empty = Broadcast(organisation=request.organisation)
    named = {name: getattr(wish, name) for name in ("title", "texts", "buttons", "audience", "urgent", "hint", "scheduled_at")}
    row = actions.create(request.organisation, operator=request.operator, **_fields(empty, named))
    return 201, _one(row)


def _fields(row: Broadcast, named: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what is wished into the fields of a broadcast. Raises a problem beside the field that cannot be."""
    fields = {name: named[name] for name in ("title", "urgent", "hint") if name in named}
    if "audience" in named:
        fields["audience"] = _audience(row, named["audience"])
    if "scheduled_at" in named:
        moment = fields["scheduled_at"] = named["scheduled_at"]
        if moment and not timezone.now() < moment < timezone.now() + FARTHEST:
            raise wrong("scheduled_at", _("Dieser Zeitpunkt liegt in der Vergangenheit oder zu weit in der Zukunft."))
    if "texts" in named or "buttons" in named:
        kept = _broadcast(row) if row.pk else {"texts": {}, "buttons": []}
        fields["versions"] = _versions(row, named.get("texts", kept["texts"]), named.get("buttons", kept["buttons"]))
    return fields


def _versions(row: Broadcast, texts: Mapping[str, Words], buttons: Sequence[Button]) -> dict[str, Any]:
    """Build the versions; files stay, with their descriptions."""
    _spoken(row.organisation, "texts", texts)
    for number, button in enumerate(buttons):
        _spoken(row.organisation, f"buttons.{number}.labels", button.labels)
        _linked(f"buttons.{number}.url", button.url)
    files, alts = drafts.media_of(row), {language: _alts(kept) for language, kept in row.versions.items()}
    versions = {}
    for language in row.organisation.languages:
        said = texts.get(language, Words())
        choices = [
            Choice(id=f"b{number}", title=button.labels[language], url=button.url)
            for number, button in enumerate(buttons)
            if language in button.labels
        ]
        media = [msgspec.structs.replace(each, alt=alts.get(language, {}).get(each.id, "")) for each in files]
        first = language == row.organisation.language
        if said.title or said.text or choices or (first and media):
            versions[language] = content.from_form(said.title.strip(), said.text.replace("\r\n", "\n").strip(), media, choices)
    return versions


def _alts(kept: Mapping[str, Any]) -> dict[str, str]:
    return {str(each.get("id")): str(each.get("alt", "")) for each in kept.get("media", [])}


def _spoken(organisation: Organisation, field: str, by_language: Mapping[str, Any]) -> None:
    if unknown := sorted(set(by_language) - set(organisation.languages)):
        raise wrong(f"{field}.{unknown[0]}", _("möglich sind: %(n)s") % {"n": ", ".join(organisation.languages)})


def _linked(field: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = not url or (parts.scheme in {"https", "http"} and "." in (parts.hostname or "") and not any(sign.isspace() for sign in url))
    except ValueError:
        fine = False
    if not fine:
        raise wrong(field, _("Das ist keine Internetadresse. Sie beginnt mit https://."))


def _audience(row: Broadcast, wished: Audience) -> dict[str, Any]:
    """Keep what the desk knows and the API does not: the days they joined, and that it is for those whom another missed."""
    chosen: dict[str, Any] = {
        name: row.audience[name] for name in ("joined_from", "joined_until", "contacts") if name in row.audience
    }  # fmt: skip
    for name, wanted, rows in (
        ("topics", wished.topics, Topic.objects),
        ("channels", wished.channels, Channel.objects),
        ("districts", wished.districts, District.objects),
        ("exclude_topics", wished.exclude_topics, Topic.objects),
    ):
        there = set(rows.filter(organisation=row.organisation, pk__in=wanted).values_list("pk", flat=True))
        if missing := sorted(set(wanted) - there):
            raise wrong(f"audience.{name}", _("Das gibt es hier nicht: %(n)s.") % {"n": missing[0]})
        if there and name == "exclude_topics":
            chosen["exclude"] = {"topics": sorted(there)}
        elif there:
            chosen[name] = sorted(there)
    if wished.languages:
        _spoken(row.organisation, "audience.languages", dict.fromkeys(wished.languages))
        chosen["languages"] = sorted(set(wished.languages))
    return chosen
