"""What comes back over a bridge: words for the citizens, pictures, that it is done. Everything once, however often it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from buergerdraht.bridges.kinds.letter import Picture
from buergerdraht.bridges.models import Bridge, Heard, Passage
from buergerdraht.cases import actions, photos, states
from buergerdraht.cases.models import Case, Photo
from buergerdraht.gateway import files

DONE = Case.State.DONE
LONGEST_KEY = 80


def once(bridge: Bridge, key: str) -> bool:
    """Whether this is heard for the first time. In the transaction of what it causes."""
    short = key if len(key) <= LONGEST_KEY and key.isascii() else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return Heard.objects.get_or_create(bridge=bridge, key=short)[1]


@transaction.atomic
def answered(passage: Passage, words: str, pictures: Sequence[Picture] = (), *, command: str = "") -> None:
    """Somebody there wrote: to the citizens, or, with a command or by the bridge's rule, for us alone."""
    case, bridge = actions.lock(passage.case_id), passage.bridge
    _attach(case, bridge, pictures)
    if command == "done":
        ended(passage, words)
    elif not words.strip():
        return
    elif command == "internal" or not bridge.answers or passage.ended_at:
        actions.note(case, words, operator=bridge.actor)
    else:
        actions.answer(case, words, operator=bridge.actor)


@transaction.atomic
def unsure(passage: Passage, words: str, sender: str) -> None:
    """A reply with the right mark from an address we did not write to: for us alone, with a warning."""
    case = actions.lock(passage.case_id)
    with override(case.organisation.language):
        warning = _("Achtung: Diese Antwort kam von %(sender)s, nicht von der angeschriebenen Stelle. Sie wurde nicht weitergeleitet.")
        actions.note(case, f"{warning % {'sender': sender[:200] or '?'}}\n\n{words}".strip(), operator=passage.bridge.actor)


@transaction.atomic
def ended(passage: Passage, words: str = "") -> None:
    """It is done there: here too, with their words, or as a note where the bridge's rule or the state of the case says so."""
    case, bridge = actions.lock(passage.case_id), passage.bridge
    if bridge.closes and not passage.ended_at and states.may_follow(case.state, DONE):
        actions.move(case, DONE, operator=bridge.actor, words=words if bridge.answers else "")
        if words and not bridge.answers:
            actions.note(case, words, operator=bridge.actor)
        return
    if case.state not in Case.CLOSED or words:
        _remark(case, bridge, _("Dort ist das Anliegen abgeschlossen."), words)


@transaction.atomic
def reopened(passage: Passage, words: str = "") -> None:
    """It is taken up again there: a note, because what is done here is for us to take up."""
    _remark(actions.lock(passage.case_id), passage.bridge, _("Dort ist das Anliegen wieder offen."), words)


def _remark(case: Case, bridge: Bridge, sentence: str, words: str) -> None:
    actions.note(case, "\n\n".join(part for part in (sentence, words) if part), operator=bridge.actor)


@transaction.atomic
def stood(passage: Passage, state: str, *, over: bool, notes: str = "", at: datetime | None = None) -> None:
    """Note how it stands there, and do what follows where that is new. What is told late, after something newer, changes nothing."""
    row = Passage.objects.select_for_update(of=("self",)).select_related("bridge__actor").get(pk=passage.pk)
    if at and row.theirs_at and at < row.theirs_at:
        return
    before, fresh = row.theirs, notes.strip() != row.notes.strip() and bool(notes.strip())
    was_over = before == "over"
    row.theirs, row.notes, row.heard_at = "over" if over else state[:60], notes, timezone.now()
    row.theirs_at = at or row.theirs_at
    row.save(update_fields=["theirs", "theirs_at", "notes", "heard_at"])
    if over and not was_over:
        ended(row, notes if fresh else "")
    elif was_over and not over:
        reopened(row, notes if fresh else "")
    elif fresh:
        answered(row, notes)


def _attach(case: Case, bridge: Bridge, pictures: Sequence[Picture]) -> None:
    """Keep pictures as of what was done; what is no picture is left out, and said."""
    for each in pictures:
        try:
            media = files.store(case.organisation, each.data, each.name)
        except ValidationError:
            actions.note(case, _("Ein mitgeschicktes Bild ließ sich nicht lesen."), operator=bridge.actor)
            continue
        if media.kind == "image":
            photos.attach(case, media, kind=Photo.Kind.AFTER, operator=bridge.actor)
        else:
            files.remove(media)
