"""What the page of a case shows of bridges: where it went, how it stands there, what did not arrive, and where it can go."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.rights import Right
from buergerdraht.bridges import words
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.cases import ground
from buergerdraht.cases.models import Case, Entry

SAID = {
    "passed": ("send", gettext_lazy("Weitergegeben an „%s“")),
    "arrived": ("check", gettext_lazy("Angekommen bei „%s“")),
    "passed_back": ("x", gettext_lazy("Weitergabe an „%s“ beendet")),
}


def said(entry: Entry, names: Any) -> tuple[str, str]:
    """Say a step of ours in the history of a case: its icon and the sentence."""
    icon, sentence = SAID[entry.what]
    name = Bridge.objects.filter(pk=entry.data.get("bridge", 0), organisation=entry.case.organisation_id).values_list("name", flat=True)
    return icon, str(sentence) % (name.first() or "–")


def _beyond(case: Case) -> str:
    """Whose the place is by what is known now, for place and area may have been put right since; else what was noted at first."""
    if case.latitude is not None and case.longitude is not None:
        if ground.inside(case.organisation, case.latitude, case.longitude):
            return ""
        if neighbour := ground.neighbour(case.organisation, case.latitude, case.longitude):
            return neighbour.name
    opened = Entry.objects.filter(case=case, what="opened").values_list("data", flat=True).first() or {}
    return str(opened.get("beyond", "")).strip("?")


def draw(request: DeskRequest, case: Case) -> str:
    """Draw the block; nothing where there is no bridge."""
    waiting = Parcel.objects.filter(done_at=None).exclude(problem="", lost_at__isnull=False).order_by("pk")
    rows = Passage.objects.filter(case=case).select_related("bridge", "operator")
    passages = list(rows.prefetch_related(Prefetch("parcels", queryset=waiting, to_attr="waiting")))
    beyond = _beyond(case)
    gone = {row.bridge_id for row in passages if row.ended_at is None}
    ways = [row for row in Bridge.objects.filter(organisation=case.organisation_id, active=True) if row.pk not in gone]
    if not passages and not ways and not beyond:
        return ""
    ways.sort(key=lambda row: beyond not in row.neighbours)  # theirs first
    for row in passages:
        row.icon = words.ICONS[row.bridge.kind]  # type: ignore[attr-defined]
        row.shows_id = row.bridge.kind != Bridge.Kind.MAIL  # type: ignore[attr-defined]
        for parcel in getattr(row, "waiting", []):
            parcel.why = words.problem(parcel.problem) if parcel.problem else ""
    context = {"case": case, "passages": passages, "ways": ways if not case.emptied else [], "may_answer": request.may(Right.ANSWER)}
    context |= {"beyond": "" if gone or case.emptied else beyond, "may_manage": request.may(Right.MANAGE)}
    return render_to_string("bridges/_beside.html", context, request=request)
