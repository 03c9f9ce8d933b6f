"""What the page of one case shows: who follows, what can be done, how it looks to the public. Pure reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.models import Membership
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import basemap, case_forms, ground, history, nearby, proposals, questions, sight, states, telling
from buergerdraht.cases.models import Case, Category, Delegation, Follower, Photo, Told
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.conversations import page
from buergerdraht.conversations import sight as threads
from buergerdraht.gateway.models import Media

MOST_FOLLOWERS = 50  # shown one by one
FORMS: tuple[type[case_forms.CaseForm], ...] = (
    case_forms.MoveForm, case_forms.AnswerForm, case_forms.NoteForm, case_forms.HandForm, case_forms.AssignForm, case_forms.RankForm,
    case_forms.DueForm,
    case_forms.DoubleForm, case_forms.ReleaseForm, case_forms.TaskForm, case_forms.DelegateForm,
)  # fmt: skip


@dataclass(frozen=True)
class Follow:
    """Somebody who follows: their name as this member may read it, messenger, language, thread, and what they could not be told last."""

    name: str
    kind: str
    language: str
    door: str
    refused: str
    left: datetime | None


@dataclass(frozen=True)
class Spoken:
    """A sentence as citizens of one language read it."""

    code: str
    language: str
    text: str


def found(request: DeskRequest, number: str) -> Case:
    """The case a member may see; any other is not there (404)."""
    rows = sight.cases(request.membership).select_related("organisation", "category", "district", "team", "operator", "contact", "same_as")
    return get_object_or_404(rows, number=number)


def context(request: DeskRequest, case: Case, bound: Sequence[case_forms.CaseForm] = ()) -> dict[str, Any]:
    """Everything the page shows; `bound` are forms that were sent and stay as they were."""
    given = {form.name: form for form in bound}
    may_work = request.may(Right.ANSWER)
    forms = {each.name: given.get(each.name) or each(case, request.membership) for each in FORMS} if may_work else {}
    photos = list(case.photos.select_related("media", "shown"))
    return {
        "case": case, "tone": states.TONES[case.state], "title": states.TITLES[case.state], "closed": case.state in Case.CLOSED,
        "priority": history.PRIORITIES[case.priority], "deadline": deadline(case), "may_work": may_work, "forms": forms,
        "origin": history.ORIGINS[case.origin],
        "unproven": case.entries.filter(what="opened", data__unproven=True).exists(), "answers": answers(case),
        "reporter": reporter(case) if may_work else {},
        "photos": photos, "waiting": [photo for photo in photos if photo.state != Photo.State.COVERED],
        "follows": follows(request, case), "followers": case.followers.filter(left_at=None).count(),
        "lines": history.lines(case, request.membership, seer(request.membership)), "tasks": list(case.tasks.select_related("operator")),
        "same_as": sight.cases(request.membership).filter(pk=case.same_as_id or 0).select_related("category").first(),
        "doubles": sight.cases(request.membership).filter(same_as=case).order_by("number"),
        "near": near(case, request.membership) if may_work else [], "delegations": delegations(case),
        "can_release": not case.confidential and case.category.visibility == Category.Visibility.PUBLIC and not case.emptied,
        "public_page": case.public == Case.Public.RELEASED and ground.of(case.organisation).public,
        "proposed": [(state, states.TITLES.get(state, ""), proposals.of(case.organisation, state)) for state in _proposed(case)],
        "proposed_answers": proposals.of(case.organisation, proposals.ANSWER), "map": small_map(case),
    }  # fmt: skip


def _proposed(case: Case) -> list[str]:
    return [state for state in states.TITLES if state in states.FOLLOWS[case.state] and state != Case.State.DUPLICATE]


def seer(membership: Membership) -> Any:
    """Give a case's number by its key to whoever may see it."""

    def see(number: int) -> str:
        return sight.cases(membership).filter(pk=number).values_list("number", flat=True).first() or ""

    return see


def deadline(case: Case) -> tuple[str, str] | None:
    """Say how the deadline stands: tone and words; None where there is none or it no longer counts."""
    if case.due_at is None or case.state in Case.CLOSED:
        return None
    now, day = timezone.now(), f"{timezone.localtime(case.due_at):%d.%m.%Y}"
    if case.due_at < now:
        return "danger", _("überfällig seit %(day)s") % {"day": day}
    if case.warn_at and case.warn_at <= now:
        return "warning", _("fällig am %(day)s") % {"day": day}
    return "plain", _("fällig am %(day)s") % {"day": day}


def reporter(case: Case) -> dict[str, str]:
    """Name, email and phone of somebody without a messenger, as far as they gave them."""
    try:
        loaded = json.loads(case.reporter or "{}")
    except ValueError:
        return {}
    return {key: str(loaded[key]) for key in ("name", "email", "phone") if loaded.get(key)} if isinstance(loaded, dict) else {}


def answers(case: Case) -> list[tuple[str, str]]:
    """The category's questions and what was answered; an answer to a question that is no longer asked keeps its key."""
    asked = {str(each["key"]): questions.said(each["text"], "de") for each in case.category.questions}
    return [(asked.get(key, key), str(said)) for key, said in case.answers.items()]


def follows(request: DeskRequest, case: Case) -> list[Follow]:
    """The first of those who follow, who brought it before all."""
    refused = Told.objects.filter(follower=OuterRef("pk")).exclude(at=None).order_by("-entry__at", "-pk").values("refused")[:1]
    rows = case.followers.annotate(refused=Subquery(refused)).select_related("contact", "address__channel")
    found = list(rows.prefetch_related("contact__addresses").order_by("left_at", "pk")[:MOST_FOLLOWERS])
    found.sort(key=lambda row: (row.left_at is not None, row.contact_id != case.contact_id, row.pk))
    contacts = [row.contact_id for row in found]
    hidden = history.hidden_of(request.membership, contacts)
    doors = dict(threads.conversations(request.membership).filter(contact__in=contacts).values_list("contact", "pk"))
    return [_follow(request, row, hidden, doors.get(row.contact_id, 0)) for row in found]


def _follow(request: DeskRequest, row: Follower, hidden: set[int], thread: int) -> Follow:
    language = LANGUAGES.get(row.contact.language, row.contact.language)
    code = str(getattr(row, "refused", "") or "")
    door = page.address("thread", request, thread) if thread else ""
    return Follow(
        history.name_of(row.contact, hidden), row.address.channel.kind, language, door, history.why(code) if code else "", row.left_at
    )


def near(case: Case, membership: Membership) -> list[Case]:
    """Open cases that may be the same."""
    if case.confidential or case.latitude is None or case.longitude is None or case.state in Case.CLOSED:
        return []
    found = [each.pk for each in nearby.alike(case.category, case.latitude, case.longitude, now=timezone.now()) if each.pk != case.pk]
    return list(sight.cases(membership).filter(pk__in=found).select_related("category").order_by("received_at"))


def delegations(case: Case) -> list[Delegation]:
    """The firms it was given to, the newest first, each with whether they took it and what it came to."""
    said = set(case.entries.filter(what__in=["firm_accepted", "firm_cannot"]).values_list("what", "data__delegation"))
    found = list(case.delegations.select_related("firm", "operator").order_by("-pk"))
    for row in found:
        row.cannot = ("firm_cannot", row.pk) in said  # type: ignore[attr-defined]
        row.badge = _standing(row, took=("firm_accepted", row.pk) in said)  # type: ignore[attr-defined]
        row.alive = row.done_at is None and row.ended_at is None  # type: ignore[attr-defined]
    return found


def _standing(row: Delegation, *, took: bool) -> tuple[str, str]:
    if row.done_at:
        return "success", _("meldet: erledigt")
    if getattr(row, "cannot", False):
        return "danger", _("meldet: nicht möglich")
    if row.ended_at:
        return "plain", _("zurückgenommen")
    if row.expires_at <= timezone.now():
        return "warning", _("abgelaufen")
    if took:
        return "info", _("angenommen")
    return ("plain", _("geöffnet")) if row.opened_at else ("plain", _("noch nicht geöffnet"))


def spoken(case: Case, what: str, words: str) -> list[Spoken]:
    """Say a step as followers will read it: in each language somebody reads, the authority's own first."""
    codes = dict.fromkeys(["de"])
    codes |= dict.fromkeys(case.followers.filter(left_at=None).order_by("pk").values_list("contact__language", flat=True).distinct()[:20])
    return [Spoken(code, LANGUAGES.get(code, code), telling.sentence(case, code, what, words.strip())) for code in codes]


def small_map(case: Case) -> dict[str, Any] | None:
    """The map with the place on it, as `_map.html` draws it."""
    if case.latitude is None or case.longitude is None or case.confidential:
        return None
    about, failed = _("Karte mit dem Ort des Anliegens"), _("Die Karte lässt sich hier nicht zeigen.")
    mark = f"{case.latitude},{case.longitude}"
    return basemap.drawn(ground.of(case.organisation), about, mark=mark, later=_("Karte zeigen"), failed=failed, gentle="")


def previewed(case: Case, form: case_forms.ReleaseForm) -> dict[str, Any]:
    """What the public would see of it."""
    chosen = set(form["photos"].value() or ()) if form.is_bound else set(form.initial.get("photos", ()))
    numbers = {int(each) for each in chosen if str(each).isdecimal()}
    shown = case.photos.filter(pk__in=numbers, shown__state=Media.State.READY).select_related("shown")
    return {"case": case, "public_text": str(form["text"].value() or "").strip(), "shown": shown, "tone": states.TONES[case.state],
            "title": states.TITLES[case.state]}  # fmt: skip
