"""Read the composer's form into the fields of a broadcast, with what is wrong beside each field.

Nothing is lost: what can be kept is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts import content, posts
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Choice, Media
from buergerdraht.contacts.models import District, Topic
from buergerdraht.gateway import channels

BERLIN = ZoneInfo("Europe/Berlin")
BUTTONS = 3
LONGEST = 20000


@dataclass
class Draft:
    """The fields to save, and {field: sentence} for what was wrong."""

    fields: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read(broadcast: Broadcast, form: QueryDict) -> Draft:
    draft = Draft()
    organisation = broadcast.organisation
    draft.fields["title"] = form.get("title", "").strip()[:120]
    draft.fields["hint"] = form.get("hint", "").strip()[:300]
    draft.fields["urgent"] = form.get("urgent") == "1"
    draft.fields["versions"] = _versions(broadcast, form, draft)
    draft.fields["audience"] = _audience(broadcast, form)
    draft.fields["templates"] = _templates(organisation, form)
    draft.fields["scheduled_at"] = _moment(broadcast, form, draft)
    draft.fields["postings"] = _places(organisation, form)
    return draft


def media_of(broadcast: Broadcast) -> list[Media]:
    """List the files of a broadcast; every version shows the same, each with its own description."""
    for version in broadcast.versions.values():
        if version.get("media"):
            return [msgspec.convert(each, Media) for each in version["media"]]
    return []


def _versions(broadcast: Broadcast, form: QueryDict, draft: Draft) -> dict[str, Any]:
    files = media_of(broadcast)
    links = _links(form, draft)
    versions: dict[str, Any] = {}
    for language in broadcast.organisation.languages:
        title = form.get(f"heading_{language}", "").strip()[:200]
        text = form.get(f"text_{language}", "").replace("\r\n", "\n").strip()[:LONGEST]
        choices = [
            Choice(id=f"b{number}", title=label[:60], url=url)
            for number, url in enumerate(links)
            if (label := form.get(f"label_{language}_{number}", "").strip())
        ]
        media = [msgspec.structs.replace(each, alt=form.get(f"alt_{language}_{each.id}", "").strip()[:1000]) for each in files]
        first = language == broadcast.organisation.language
        if title or text or choices or (first and media) or any(each.alt for each in media):
            versions[language] = content.from_form(title, text, media, choices)
    return versions


def _links(form: QueryDict, draft: Draft) -> list[str]:
    """Read where the buttons lead; an empty one starts a conversation."""
    links = []
    for number in range(BUTTONS):
        url = form.get(f"url_{number}", "").strip()
        if url and "://" not in url:
            url = f"https://{url}"
        parts = urlsplit(url)
        if url and (parts.scheme not in {"https", "http"} or "." not in (parts.hostname or "") or re.search(r"\s", url)):
            draft.problems[f"url_{number}"] = _("Das ist keine Internetadresse. Sie beginnt mit https://.")
            url = ""
        links.append(url)
    return links


def _audience(broadcast: Broadcast, form: QueryDict) -> dict[str, Any]:
    organisation = broadcast.organisation
    chosen: dict[str, Any] = {}
    for name, rows in (
        ("topics", Topic.objects.filter(organisation=organisation)),
        ("channels", channels.people(organisation)),
        ("districts", District.objects.filter(organisation=organisation)),
    ):
        wanted = [number for number in form.getlist(name) if number.isdigit()]
        if ids := sorted(rows.filter(pk__in=wanted).values_list("pk", flat=True)):
            chosen[name] = ids
    if languages := [language for language in form.getlist("languages") if language in organisation.languages]:
        chosen["languages"] = languages
    for name in ("joined_from", "joined_until"):
        try:
            chosen[name] = date.fromisoformat(form.get(name, "")).isoformat()
        except ValueError:
            continue
    spared = [number for number in form.getlist("exclude_topics") if number.isdigit()]
    if ids := sorted(Topic.objects.filter(organisation=organisation, pk__in=spared).values_list("pk", flat=True)):
        chosen["exclude"] = {"topics": ids}
    if broadcast.audience.get("contacts") and form.get("only_missed") == "1":
        chosen["contacts"] = broadcast.audience["contacts"]
    return chosen


def _templates(organisation: Organisation, form: QueryDict) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for channel in channels.people(organisation):
        name, _bar, language = form.get(f"template_{channel.pk}", "").partition("|")
        row = channel.templates.filter(name=name, language=language).first() if name else None
        if row is None:
            continue
        body = {}
        for variable in row.template.get("variables", []):
            source = form.get(f"from_{channel.pk}_{variable}", "text" if variable != "1" else "title")
            value = form.get(f"value_{channel.pk}_{variable}", "")[:1000]
            body[variable] = {"from": source if source in content.SOURCES else "fixed", "value": value}
        chosen[str(channel.pk)] = {"name": row.name, "language": row.language, "body": body}
    return chosen


def _places(organisation: Organisation, form: QueryDict) -> list[posts.Wish]:
    """Read the public places and their own words; posts.choose takes only those of the organisation."""
    wishes = []
    for number in form.getlist("posts"):
        if not number.isdigit() or len(number) > 18:
            continue
        language = form.get(f"post_language_{number}", "")
        text = form.get(f"post_text_{number}", "").replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST]
        wishes.append(posts.Wish(int(number), language if language in organisation.languages else "", text))
    return wishes


def _moment(broadcast: Broadcast, form: QueryDict, draft: Draft) -> datetime | None:
    if form.get("when") != "later":
        return None
    try:
        day, clock = date.fromisoformat(form.get("day", "")), time.fromisoformat(form.get("clock", ""))
    except ValueError:
        draft.problems["clock"] = _("Geben Sie Tag und Uhrzeit an.")
        return broadcast.scheduled_at
    moment, problem = berlin(day, clock)
    if problem:
        draft.problems["clock"] = problem
    elif moment < timezone.now() and moment != broadcast.scheduled_at:
        draft.problems["clock"] = _("Dieser Zeitpunkt liegt in der Vergangenheit.")
        return broadcast.scheduled_at
    return moment


def berlin(day: date, clock: time) -> tuple[datetime, str]:
    """Turn a wall-clock time into a moment.

    At a clock change a time that never comes moves on an hour, one that comes twice is the first.
    """
    local = datetime.combine(day, clock, BERLIN)
    there_and_back = local.astimezone(UTC).astimezone(BERLIN)
    if there_and_back.replace(tzinfo=None) != local.replace(tzinfo=None):
        text = _("Diese Uhrzeit gibt es wegen der Umstellung auf Sommerzeit nicht. Wählen Sie zum Beispiel %(time)s Uhr.")
        return there_and_back, text % {"time": f"{there_and_back:%H:%M}"}
    return local.astimezone(UTC), ""
