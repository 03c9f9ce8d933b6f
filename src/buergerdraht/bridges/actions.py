"""What is done with bridges: set up, change, hand a case over, take it back, try again. The only writer beside `sending` and `hearing`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.bridges import letters
from buergerdraht.bridges.kinds.open311 import Service
from buergerdraht.bridges.models import Bridge, Heard, Parcel, Passage
from buergerdraht.cases.actions import NotNow, lock, record
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.gateway import live

MOST = 50


@dataclass(frozen=True)
class Setup:
    """What a bridge is set up with. `config` as the kind's Config, secrets and all."""

    name: str
    config: Mapping[str, Any]
    answers: bool = True
    closes: bool = True
    released_only: bool = False
    pictures: bool = True
    categories: Iterable[Category] = ()
    neighbours: Iterable[str] = ()


# ── Set up ────────────────────────────────────────────────────────────────


@transaction.atomic
def add(organisation: Organisation, kind: str, setup: Setup, *, operator: Operator) -> Bridge:
    """Add a bridge. Raises ValidationError with a sentence."""
    if Bridge.objects.filter(organisation=organisation).count() >= MOST:
        raise ValidationError(_("Mehr als %(n)s Brücken sind nicht vorgesehen.") % {"n": MOST})
    actor = Operator(email=f"{uuid4().hex}@bridge.invalid", name=setup.name, is_active=False)  # nobody can sign in as it
    actor.set_unusable_password()
    actor.save()
    bridge = Bridge(organisation=organisation, kind=kind, actor=actor)
    _put(bridge, setup)
    _note(bridge, "add_bridge", operator, kind=kind)
    return bridge


@transaction.atomic
def change(bridge: Bridge, setup: Setup, *, operator: Operator) -> None:
    row = _locked(bridge)
    _put(row, setup)
    if row.actor.name != setup.name:
        row.actor.name = setup.name
        row.actor.save(update_fields=["name"])
    _note(row, "change_bridge", operator)


def _put(row: Bridge, setup: Setup) -> None:
    row.name, row.config = setup.name, json.dumps(dict(setup.config))
    row.answers, row.closes, row.released_only, row.pictures = setup.answers, setup.closes, setup.released_only, setup.pictures
    row.neighbours = list(setup.neighbours)
    row.problem, row.problem_at = "", None
    row.ask_at = timezone.now() if row.kind == Bridge.Kind.OPEN311 or setup.config.get("host") else None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ValidationError({"name": _("Eine Brücke mit diesem Namen gibt es schon.")}) from None
    open_ones = [category for category in setup.categories if category.visibility != Category.Visibility.CONFIDENTIAL]
    row.categories.set(open_ones)


@transaction.atomic
def switch(bridge: Bridge, active: bool, *, operator: Operator) -> None:
    """Use a bridge, or let it rest: nothing goes, nothing is asked, what waits goes on waiting."""
    row = _locked(bridge)
    if row.active != active:
        row.active = active
        row.save(update_fields=["active"])
        _note(row, "switch_bridge", operator, active=active)


@transaction.atomic
def learn(bridge: Bridge, services: Iterable[Service]) -> None:
    """Keep what an Open311 server takes."""
    row = _locked(bridge)
    row.services = [{"code": each.code, "name": each.name[:200], "required": list(each.required)} for each in services]
    row.save(update_fields=["services"])


@transaction.atomic
def map_to(bridge: Bridge, mapping: Mapping[str, str], *, operator: Operator) -> None:
    """Say what our categories are called there."""
    row = _locked(bridge)
    row.mapping = {key: code for key, code in mapping.items() if code}
    row.save(update_fields=["mapping"])
    _note(row, "map_bridge", operator, categories=len(row.mapping))


def judged(bridge: Bridge, problem: str) -> None:
    """Note how the last talk with the other side went; empty: well."""
    rows = Bridge.objects.filter(pk=bridge.pk).exclude(problem=problem)  # since when it goes badly stays to be read
    rows.update(problem=problem, problem_at=timezone.now() if problem else None)
    tell(bridge)


def tell(bridge: Bridge) -> None:
    """Let open pages of a bridge show what became of it, at commit."""
    live.tell(bridge.organisation_id, "bridge", bridge=bridge.pk)


# ── Cases ─────────────────────────────────────────────────────────────────


@transaction.atomic
def hand_over(case: Case, bridge: Bridge, *, operator: Operator | None) -> Passage:
    """Give a case to another system, by hand or of itself. The same twice is one. Raises NotNow."""
    row = lock(case.pk)
    if bridge.organisation_id != row.organisation_id or not bridge.active:
        raise NotNow(_("Diese Brücke ruht."))
    if row.emptied:
        raise NotNow(_("Dieses Anliegen ist geleert. Es gibt nichts mehr weiterzugeben."))
    if row.confidential and (operator is None or not row.category.people.filter(pk=operator.pk).exists()):
        raise NotNow(_("Vertrauliche Anliegen geben nur die weiter, die dafür benannt sind."))
    if operator and bridge.kind == Bridge.Kind.OPEN311 and not bridge.mapping.get(row.category.key):
        raise NotNow(_("Für diese Kategorie ist noch nicht gewählt, was ihr dort entspricht."))
    passage, made = Passage.objects.get_or_create(case=row, bridge=bridge, defaults={"operator": operator})
    if not made and passage.ended_at is None:
        return passage
    passage.ended_at, passage.operator = None, operator
    passage.save(update_fields=["ended_at", "operator"])
    if not passage.external_id:
        put(passage, None)
    record(row, "passed", operator=operator or bridge.actor, data={"bridge": bridge.pk})
    return passage


@transaction.atomic
def take_back(passage: Passage, *, operator: Operator) -> None:
    """Let nothing more of a case go there; what still comes is a note."""
    row = lock(passage.case_id)
    if Passage.objects.filter(pk=passage.pk, ended_at=None).update(ended_at=timezone.now()):
        record(row, "passed_back", operator=operator, data={"bridge": passage.bridge_id})


def put(passage: Passage, entry: Entry | None) -> Parcel:
    """Queue something for the other side, in the transaction of what caused it."""
    now = timezone.now()
    parcel, made = Parcel.objects.get_or_create(passage=passage, entry=entry, defaults={"next_at": now})
    if not made and parcel.lost_at:
        _again(parcel)
    tell(passage.bridge)
    from buergerdraht.bridges import tasks

    transaction.on_commit(lambda: tasks.soon(passage.bridge_id), robust=True)
    return parcel


@transaction.atomic
def retry(parcel: Parcel, *, operator: Operator) -> None:
    """Try again what was given up, or what waits for its next try, now."""
    row = Parcel.objects.select_for_update(of=("self",)).select_related("passage__bridge__organisation").get(pk=parcel.pk)
    if row.done_at is None:
        behind = Parcel.objects.filter(passage=row.passage_id, lost_at__isnull=False, problem="first") if row.entry_id is None else ()
        for each in (row, *behind):  # what was given up because the case itself had not arrived goes after it
            _again(each)
        _note(row.passage.bridge, "retry_parcel", operator, parcel=row.pk)
        from buergerdraht.bridges import tasks

        transaction.on_commit(lambda: tasks.soon(row.passage.bridge_id), robust=True)


def _again(row: Parcel) -> None:
    now = timezone.now()
    row.lost_at, row.next_at, row.created_at, row.problem, row.status = None, now, now, "", None
    row.save(update_fields=["lost_at", "next_at", "created_at", "problem", "status"])


def on_entry(sender: object, *, instance: Entry, created: bool, **more: Any) -> None:
    """Something happened to a case: hand a new one over where its category or its place says so, tell the others where it went already."""
    if not created:
        return
    case = instance.case
    if instance.what == "opened" and not case.confidential:
        theirs = Q(categories=case.category_id)
        if beyond := instance.data.get("beyond"):
            theirs |= Q(neighbours__contains=[beyond])
        rows = Bridge.objects.filter(theirs, organisation=case.organisation_id, active=True).distinct()
        for bridge in rows.select_related("actor").order_by("pk"):
            hand_over(case, bridge, operator=None)
        return
    passages = Passage.objects.filter(case=case, ended_at=None, bridge__active=True).select_related("bridge")
    for passage in passages if instance.what in {"added", "moved", "answered"} else ():
        if letters.carries(passage.bridge, instance):
            put(passage, instance)


def on_case(sender: object, *, instance: Case, **more: Any) -> None:
    """A case was emptied: what others said to it goes too, and nothing more goes there."""
    if instance.emptied:
        now = timezone.now()
        Passage.objects.filter(case=instance).exclude(notes="").update(notes="")
        Passage.objects.filter(case=instance, ended_at=None).update(ended_at=now)


def forget(days: int = 400) -> int:
    """Forget what was heard so long ago that nobody tells it again."""
    return Heard.objects.filter(at__lt=timezone.now() - timedelta(days=days)).delete()[0]


def _locked(bridge: Bridge) -> Bridge:
    return Bridge.objects.select_for_update(of=("self",)).select_related("organisation", "actor").get(pk=bridge.pk)


def _note(bridge: Bridge, verb: str, operator: Operator, **details: Any) -> None:
    audit.record(bridge.organisation, f"bridges.{verb}", operator=operator, subject=f"bridge:{bridge.pk}", **details)
    tell(bridge)
