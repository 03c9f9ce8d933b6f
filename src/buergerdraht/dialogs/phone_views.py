"""The phone beside a draft: it plays the draft as it is now, on every messenger, and does nothing in earnest.

What was played stands in the phone's own form as a list of moves. It is played anew each time, so a change of the draft shows at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.connectors.contract import Choice, Content, Shown
from buergerdraht.dialogs import document, playing, screens
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.examples import DONE, ENDED, MOVES
from buergerdraht.dialogs.forms import LANGUAGES
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.playing import Play, Setting
from buergerdraht.dialogs.walk import CALL, FILES
from buergerdraht.gateway import channels

BIG = 100_000  # letters of a play in its form
SQUARE = [51.9625, 7.6256, "Marktplatz 1"]
SIMPLE: Mapping[str, dict[str, Any]] = {
    "foto": {"photo": 1}, "fotos": {"photo": 2}, "datei": {"document": 1}, "sprachnachricht": {"voice": 1}, "ort": {"place": SQUARE},
}  # fmt: skip
CALLS = {"ja": "yes", "nein": "no", "stoerung": "failure"}


@dataclass(frozen=True)
class Bubble:
    """A line in the phone: something said by either side, or what was done."""

    side: str  # in, out, note, bad
    text: str = ""
    shown: Shown | None = None
    rows: Sequence[Choice] = ()  # of a list that opens


@require_POST
@desk(Right.READ)
def phone(request: DeskRequest, number: int) -> HttpResponse:
    """Make one more move, or none, and show where it stands."""
    row = screens.found(request, number)
    scene = playing.scene(row, document.load(row.draft))
    setting, moves = read(request, row)
    turn = request.POST.get("zug", "")
    if turn == "neu":
        setting, moves = Setting(setting.channel, setting.language, _now()), []
    played = playing.play(scene, moves, setting)
    if turn not in {"", "neu"} and (move := _move(request, turn, played)):
        played = playing.play(scene, [*played.moves, move], setting)
    return render(request, "dialogs/_phone.html", _shown(request, row, setting, played))


def read(request: DeskRequest, row: Dialog) -> tuple[Setting, list[dict[str, Any]]]:
    """The play as the phone's form keeps it."""
    kinds = {each.kind for each in channels.talking()}
    asked = request.POST.get("kanal", "")
    listed = row.draft.get("languages", ["de"])
    spoken = request.POST.get("gespielt", "")
    try:
        now = datetime.fromisoformat(request.POST.get("jetzt", "")).astimezone(BERLIN)
    except ValueError:
        now = _now()
    setting = Setting(asked if asked in kinds else _first(request, row), spoken if spoken in listed else listed[0], now)
    text = request.POST.get("zuege", "")
    try:
        found = json.loads(text) if text and len(text) < BIG else []
    except ValueError:
        found = []
    moves = [each for each in found if isinstance(each, dict) and _sound(each)] if isinstance(found, list) else []
    return setting, moves[: playing.MOST_MOVES]


def _sound(move: Mapping[str, Any]) -> bool:
    """Whether a move that came back from a form is one of ours."""
    kind = next((name for name in MOVES if name in move), "")
    value = move.get(kind)
    if kind in {"say", "tap"}:
        return isinstance(value, str)
    if kind in {"photo", "voice", "document", "wait", "moment"}:
        return isinstance(value, int) and 0 < value <= 525_600 and (kind == "wait" or value <= 20)
    if kind == "place":
        return isinstance(value, list) and len(value) == 3 and all(isinstance(each, int | float) for each in value[:2])
    answers = move.get("answers", {})
    return kind == "call" and value in CALLS.values() and isinstance(answers, dict)


def _move(request: DeskRequest, turn: str, played: Play) -> dict[str, Any] | None:
    if turn == "sagen":
        text = request.POST.get("text", "").strip()[: playing.LONG]
        return {"say": text} if text else None
    if turn.startswith("tippen:"):
        return {"tap": turn.removeprefix("tippen:")}
    if turn == "zeit":
        return {"moment": 1} if played.waits == FILES else {"wait": played.minutes} if played.minutes else None
    if turn in CALLS and played.waits == CALL:
        return {"call": CALLS[turn], "answers": dict(played.answers)} if turn == "ja" else {"call": CALLS[turn]}
    return SIMPLE.get(turn)


def _shown(request: DeskRequest, row: Dialog, setting: Setting, played: Play) -> dict[str, Any]:
    bubbles = [each for beat in played.beats for each in _bubbles(beat, setting.channel)]
    kinds = list(channels.talking())
    heard = [content.text for content in played.beats[-1].said]
    return {
        "dialog": row, "bubbles": bubbles, "played": played, "setting": setting,
        "moves": json.dumps(list(played.moves), ensure_ascii=False), "kinds": [(each.kind, each.title) for each in kinds],
        "spoken": [(each, LANGUAGES.get(each, each)) for each in row.draft.get("languages", ["de"])],
        "ended": ENDED.get(played.state, ""), "waits_for_call": played.waits == CALL, "title": channels.title(setting.channel),
        "rest": _rest(played), "heard": " ".join(heard)[:500], "may_edit": screens.may_edit(request),
    }  # fmt: skip


def _bubbles(beat: playing.Beat, channel: str) -> list[Bubble]:
    found = [Bubble("out", spoken(beat.move))] if beat.move else []
    if beat.problem:
        return [*found, Bubble("bad", _("Ab hier passt das Gespielte nicht mehr zum Entwurf: %(why)s") % {"why": beat.problem})]
    found += [Bubble("note", f"{DONE.get(what, what)}{': ' if words else ''}{words.replace('**', '')}") for what, words in beat.notes]
    for content in beat.said:
        found += _parts(content, channel)
    return found


def _parts(content: Content, channel: str) -> list[Bubble]:
    plan = channels.plan_of(channel, content)
    bubbles = [
        Bubble("in", shown=part.shows, rows=content.choices if part.shows.list_label else ()) for part in plan.parts
    ]  # fmt: skip
    return [*bubbles, *(Bubble("bad", _(note.text).format(**note.values)) for note in plan.notes if note.level == "error")]


def spoken(move: Mapping[str, Any]) -> str:
    """A citizen's move, in words."""
    if "say" in move or "tap" in move:
        return str(move.get("say") or move.get("tap"))
    if "wait" in move or "moment" in move:
        return _("(Zeit vergeht)")
    if "call" in move:
        words = {"yes": _("ja"), "no": _("nein"), "failure": _("Störung")}
        return _("(System antwortet: %(answer)s)") % {"answer": words[move["call"]]}
    if "place" in move:
        return _("(Standort: %(name)s)") % {"name": move["place"][2]}
    names = {"photo": _("(Foto)"), "document": _("(Datei)"), "voice": _("(Sprachnachricht)")}
    kind = next(each for each in names if each in move)
    return f"{move[kind]} × {names[kind]}" if move[kind] > 1 else names[kind]


def _rest(played: Play) -> str:
    """How long it takes until something happens by itself."""
    from buergerdraht.dialogs.reading import minutes

    if not played.minutes:
        return ""
    if played.waits == FILES:
        return _("ein Moment")
    return minutes(played.minutes if played.minutes < 1_440 else round(played.minutes / 60) * 60)


def _first(request: DeskRequest, row: Dialog) -> str:
    from buergerdraht.dialogs.knowing import House

    return House(request.organisation, row).kinds[0]


def _now() -> datetime:
    return timezone.now().astimezone(BERLIN).replace(second=0, microsecond=0)
