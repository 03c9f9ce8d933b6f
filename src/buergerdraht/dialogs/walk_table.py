"""The walks of a dialog as a table, piece by piece: one row each, with a column for whatever citizens answered or were given."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.contacts.reading import defused
from buergerdraht.dialogs import figures, sessions
from buergerdraht.dialogs.labels import Labels
from buergerdraht.dialogs.models import Dialog, Session
from buergerdraht.dialogs.walk import Walk
from buergerdraht.gateway import channels

State = Session.State
OVER = {State.DONE, State.HANDED, State.LEFT, State.EXPIRED, State.ENDED}
PIECE = 500  # walks fetched at once


def table(dialog: Dialog, rows: QuerySet[Session]) -> Iterator[str]:
    """Write a table for German spreadsheet programs: semicolons, and the mark that says UTF-8. Times are of Berlin."""
    yield "\ufeff"
    columns = _columns(dialog, rows)
    fixed = [_("Begonnen"), _("Beendet"), _("Stand"), _("Kanal"), _("Name"), _("Adresse"), _("Version")]
    yield _line([*fixed, *columns.values()])
    for session in rows.iterator(chunk_size=PIECE):
        said = answers(sessions.walk_of(session))
        yield _line([*_about(session), *(said.get(name, "") for name in columns)])


def _about(session: Session) -> list[str]:
    state, address = State(session.state), session.address
    ended = session.changed_at if state in OVER else None
    return [
        _moment(session.started_at), _moment(ended), str(figures.STATES[state][1]), channels.title(address.channel.kind),
        session.contact.name, address.handle or address.address, str(session.version.number),
    ]  # fmt: skip


def _columns(dialog: Dialog, rows: QuerySet[Session]) -> dict[str, str]:
    """What was answered, by name, with its title: in the order of the newest version, then of older ones, then what parts asked."""
    asked: dict[str, str] = {}
    for version in dialog.versions.order_by("-number"):
        asked |= {name: title for name, title in Labels(version.document, "").kept() if name not in asked}
    met: dict[str, str] = {}
    for session in rows.iterator(chunk_size=PIECE):
        walk = sessions.walk_of(session)
        titles = {name: title for name, title, _shown in walk.shown}
        met |= {name: titles.get(name) or name for name in answers(walk) if name not in met}
    columns = {name: title for name, title in asked.items() if name in met}
    columns |= {name: title for name, title in met.items() if name not in asked}
    often = Counter(columns.values())
    return {name: title if often[title] == 1 else f"{title} ({name})" for name, title in columns.items()}


def answers(walk: Walk) -> Mapping[str, str]:
    """What was answered, as people read it; and the plain values beside it: codes, numbers of cases, what was set or told by a system."""
    plain = {name: value for name, value in walk.answers.items() if isinstance(value, str) and value}
    return plain | {name: words for name, _title, words in walk.shown}


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow([defused(cell) for cell in cells])
    return text.getvalue()


def _moment(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%d.%m.%Y %H:%M}" if moment else ""
