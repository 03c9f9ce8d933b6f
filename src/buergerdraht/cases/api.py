"""Cases for another system. A token is no person: confidential matters do not exist here, nor do notes, originals, names and numbers.

Showing a case to the public is a person's deed; another system can only take it back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router

from buergerdraht.accounts.models import Membership, Operator, Team
from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.files import BINARY, sent
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Number, Page, Paging, page
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.accounts.rights import Right, may
from buergerdraht.cases import actions, api_shapes, finding, ground, nearby, opening, questions, sight
from buergerdraht.cases.api_shapes import (
    CaseDouble,
    CaseHolder,
    CaseMove,
    CaseRank,
    CaseShown,
    CaseStands,
    CasesWanted,
    CaseTeam,
    CaseWish,
    CaseWords,
    CategoriesWanted,
    CategoryShown,
    EntryShown,
    FollowerShown,
    PhotoShown,
)  # fmt: skip
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.contacts import reading as contacts
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

router = Router(tags=["cases"])
INSIDE = ("note",)
OLDEST = timedelta(days=366)


# ── Categories ────────────────────────────────────────────────────────────


@router.get("/categories", auth=needs("cases:read"), response=Page[CategoryShown], operation_id="categories")
def categories(request: ApiRequest, wanted: Query[CategoriesWanted]) -> dict[str, Any]:
    """List what can be reported. Confidential categories are not among them."""
    rows = _categories(request)
    return page(request, rows if wanted.active is None else rows.filter(active=wanted.active), wanted, api_shapes.category)


@router.get("/categories/{int:category}", auth=needs("cases:read"), response=CategoryShown, operation_id="category")
def category_one(request: ApiRequest, category: Path[Number]) -> CategoryShown:
    """Show a category."""
    return api_shapes.category(get_object_or_404(_categories(request), pk=category))


def _categories(request: ApiRequest) -> QuerySet[Category]:
    return Category.objects.filter(organisation=request.organisation).exclude(visibility=Category.Visibility.CONFIDENTIAL)


# ── Cases ─────────────────────────────────────────────────────────────────


@router.get("/cases", auth=needs("cases:read"), response=Page[CaseShown], operation_id="cases")
def listing(request: ApiRequest, wanted: Query[CasesWanted]) -> dict[str, Any]:
    """List the cases that fit."""
    return page(request, _chosen(_cases(request), wanted), wanted, api_shapes.case)


@router.get("/cases/{int:case}", auth=needs("cases:read"), response=CaseShown, operation_id="case")
def one(request: ApiRequest, case: Path[Number]) -> CaseShown:
    """Show a case."""
    return api_shapes.case(_found(request, case))


@router.get("/cases/{int:case}/entries", auth=needs("cases:read"), response=Page[EntryShown], operation_id="case_entries")
def entries(request: ApiRequest, case: Path[Number], wanted: Query[Paging]) -> dict[str, Any]:
    """List what happened to a case. Notes stay inside."""
    return page(request, Entry.objects.filter(case=_found(request, case)).exclude(what__in=INSIDE), wanted, api_shapes.entry)


@router.get("/cases/{int:case}/followers", auth=needs("cases:read"), response=Page[FollowerShown], operation_id="case_followers")
def followers(request: ApiRequest, case: Path[Number], wanted: Query[Paging]) -> dict[str, Any]:
    """List who hears of every step, as far as this token may know of them."""
    rows = _found(request, case).followers.filter(left_at=None, contact__in=contacts.seen_by(request.token))
    return page(request, rows, wanted, api_shapes.follower)


@router.get("/cases/{int:case}/photos", auth=needs("cases:read"), response=Page[PhotoShown], operation_id="case_photos")
def photos(request: ApiRequest, case: Path[Number], wanted: Query[Paging]) -> dict[str, Any]:
    """List the pictures of a case."""
    return page(request, _found(request, case).photos.select_related("shown"), wanted, api_shapes.photo)


@router.get("/cases/{int:case}/photos/{int:photo}/file", auth=needs("cases:read"), operation_id="case_photo_file", openapi_extra=BINARY)
def photo_file(request: ApiRequest, case: Path[Number], photo: Path[Number]) -> HttpResponseBase:
    """Fetch a picture, covered. An original never leaves the house."""
    row = get_object_or_404(_found(request, case).photos.select_related("shown"), pk=photo)
    if row.shown is None or row.shown.state != Media.State.READY:
        raise Problem(409, "not_ready", _("Das Bild ist noch nicht abgedeckt. Versuchen Sie es in einer Minute noch einmal."))
    return sent(files.path(row.shown), row.shown.mime)


def _found(request: ApiRequest, number: int) -> Case:
    return get_object_or_404(_cases(request).select_related("category", "organisation"), pk=number)


def _cases(request: ApiRequest) -> QuerySet[Case]:
    """The cases a token may see; `named`: whether it may know of the contact, too."""
    known = contacts.seen_by(request.token).filter(pk=OuterRef("contact"))
    return sight.shared(request.organisation).annotate(named=Exists(known)).select_related("same_as")


def _chosen(rows: QuerySet[Case], wanted: CasesWanted) -> QuerySet[Case]:
    for name in ("state", "category", "team", "district", "contact"):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{name: value})
    rows = rows if wanted.contact is None else rows.filter(Q(named=True))
    for said, condition in ((wanted.open, Q(state__in=Case.OPEN)), (wanted.public, Q(public=Case.Public.RELEASED))):
        if said is not None:
            rows = rows.filter(condition if said else ~condition)
    if wanted.number is not None:
        rows = rows.filter(number=finding.number(wanted.number))
    if wanted.words is not None:
        rows = finding.with_words(rows, wanted.words)
    if wanted.received_since:
        rows = rows.filter(received_at__gte=wanted.received_since)
    if since := wanted.changed_since:
        rows = rows.filter(Q(changed_at__gte=since) | Exists(Entry.objects.filter(case=OuterRef("pk"), at__gte=since)))
    return _around(rows, wanted)


def _around(rows: QuerySet[Case], wanted: CasesWanted) -> QuerySet[Case]:
    """Keep what lies within the radius, where one was named whole."""
    given = {name: getattr(wanted, name) for name in ("latitude", "longitude", "radius")}
    latitude, longitude, radius = wanted.latitude, wanted.longitude, wanted.radius
    if latitude is None or longitude is None or radius is None:
        if missing := [name for name, value in given.items() if value is None and any(each is not None for each in given.values())]:
            raise wrong(missing[0], _("fehlt"))
        return rows
    return nearby.within(rows, latitude, longitude, radius)


# ── A new one ─────────────────────────────────────────────────────────────


@router.post("/cases", auth=needs("cases:write"), response={201: CaseStands}, operation_id="open_case")
def create(request: ApiRequest, wish: CaseWish, key: Key) -> HttpResponse:
    """Open a case that another system took in. Pictures come by messenger or in the console."""
    return once(request, key, lambda: (201, api_shapes.stands(opening.open(_matter(request, wish)))))


def _matter(request: ApiRequest, wish: CaseWish) -> opening.Matter:
    category = _categories(request).filter(active=True, pk=wish.category).select_related("organisation", "team").first()
    if category is None:
        raise wrong("category", _("Diese Kategorie gibt es nicht, oder sie ist abgelegt."))
    if category.refusal:
        raise Problem(409, "not_ours", questions.said(category.refusal, "de"))
    now = timezone.now()
    if wish.at and not now - OLDEST <= wish.at <= now:
        raise wrong("at", _("Dieser Zeitpunkt liegt in der Zukunft oder mehr als ein Jahr zurück."))
    contact, address = _who(request, wish)
    reporter = {name: said for name, said in wish.reporter.dict().items() if said} if wish.reporter else {}
    return opening.Matter(
        category=category, at=wish.at or now, text=wish.text, place=wish.place, latitude=wish.latitude, longitude=wish.longitude,
        answers=_answers(category, wish), contact=contact, address=address, reporter=reporter, origin=Case.Origin.OPERATOR,
        beyond=_beyond(category, wish), operator=request.operator,
    )  # fmt: skip


def _beyond(category: Category, wish: CaseWish) -> str:
    """Look whether the place is whole, and whose it is where it is not ours."""
    latitude, longitude = wish.latitude, wish.longitude
    if (latitude is None) != (longitude is None):
        raise wrong("latitude" if latitude is None else "longitude", _("fehlt"))
    if category.needs_place and latitude is None and not wish.place.strip():
        raise wrong("place", _("fehlt"))
    if latitude is None or longitude is None or ground.inside(category.organisation, latitude, longitude):
        return ""
    found = ground.neighbour(category.organisation, latitude, longitude)
    return found.name if found else "?"


def _answers(category: Category, wish: CaseWish) -> dict[str, str]:
    if unknown := sorted(set(wish.answers) - {str(each["key"]) for each in category.questions}):
        raise wrong(f"answers.{unknown[0][:40]}", _("gibt es hier nicht"))
    try:
        return questions.check(category.questions, wish.answers)
    except ValidationError as problem:
        named = problem.message_dict
        raise Problem(422, errors=[{"field": f"answers.{name}", "detail": said[0]} for name, said in named.items()]) from None


def _who(request: ApiRequest, wish: CaseWish) -> tuple[Contact | None, Address | None]:
    if wish.contact and wish.reporter:
        raise wrong("reporter", _("Nennen Sie den Kontakt oder die Person ohne Messenger, nicht beide."))
    if wish.reporter and wish.reporter.email:
        try:
            validate_email(wish.reporter.email)
        except ValidationError:
            raise wrong("reporter.email", _("hat nicht die erwartete Form")) from None
    if not wish.contact:
        return None, None
    contact = contacts.seen_by(request.token).filter(pk=wish.contact).exclude(state=Contact.State.ERASED).first()
    if contact is None:
        raise wrong("contact", _("Diesen Kontakt gibt es nicht."))
    rows = Address.objects.filter(contact=contact, state=Address.State.ACTIVE)
    return contact, rows.order_by(F("last_inbound_at").desc(nulls_last=True), "-pk").first()


# ── What becomes of it ────────────────────────────────────────────────────


@router.post("/cases/{int:case}/state", auth=needs("cases:answer"), response=CaseStands, operation_id="move_case")
def move(request: ApiRequest, case: Path[Number], wish: CaseMove, key: Key) -> HttpResponse:
    """Bring a case into another state. Followers hear it, in their language and messenger."""
    return _do(
        request, case, key, lambda row: actions.move(row, wish.state, operator=request.operator, words=wish.words.strip(), tell=wish.tell)
    )


@router.post("/cases/{int:case}/answers", auth=needs("cases:answer"), response=CaseStands, operation_id="answer_case")
def answer(request: ApiRequest, case: Path[Number], wish: CaseWords, key: Key) -> HttpResponse:
    """Write to everybody who follows a case."""
    return _do(request, case, key, lambda row: actions.answer(row, wish.text, operator=request.operator))


@router.post("/cases/{int:case}/duplicate", auth=needs("cases:answer"), response=CaseStands, operation_id="double_case")
def double(request: ApiRequest, case: Path[Number], wish: CaseDouble, key: Key) -> HttpResponse:
    """Say that a case is the same as another. Who follows it follows that one from now on."""
    return _do(request, case, key, lambda row: actions.double(row, _other(request, wish.of), operator=request.operator))


@router.post("/cases/{int:case}/notes", auth=needs("cases:write"), response=CaseStands, operation_id="note_case")
def note(request: ApiRequest, case: Path[Number], wish: CaseWords, key: Key) -> HttpResponse:
    """Leave a note for colleagues."""
    return _do(request, case, key, lambda row: actions.note(row, wish.text, operator=request.operator))


@router.post("/cases/{int:case}/holder", auth=needs("cases:write"), response=CaseStands, operation_id="assign_case")
def assign(request: ApiRequest, case: Path[Number], wish: CaseHolder, key: Key) -> HttpResponse:
    """Give a case to a colleague. Whoever is away is represented by their deputy."""
    return _do(request, case, key, lambda row: actions.assign(row, _colleague(request, wish.email), by=request.operator))


@router.post("/cases/{int:case}/team", auth=needs("cases:write"), response=CaseStands, operation_id="hand_on_case")
def hand_on(request: ApiRequest, case: Path[Number], wish: CaseTeam, key: Key) -> HttpResponse:
    """Hand a case on to another team. It has to accept it."""
    text = wish.text.strip()
    return _do(request, case, key, lambda row: actions.hand_on(row, _team(request, wish.team), operator=request.operator, text=text))


@router.post("/cases/{int:case}/priority", auth=needs("cases:write"), response=CaseStands, operation_id="rank_case")
def rank(request: ApiRequest, case: Path[Number], wish: CaseRank, key: Key) -> HttpResponse:
    """Say how urgent a case is."""
    number = next(number for number, name in api_shapes.PRIORITIES.items() if name == wish.priority)
    return _do(request, case, key, lambda row: actions.rank(row, number, operator=request.operator))


@router.post("/cases/{int:case}/hide", auth=needs("cases:write"), response=CaseStands, operation_id="hide_case")
def hide(request: ApiRequest, case: Path[Number], key: Key) -> HttpResponse:
    """Take a case back from the public. Showing it is done by people."""
    return _do(request, case, key, lambda row: actions.hide(row, operator=request.operator) if row.public == Case.Public.RELEASED else None)


def _other(request: ApiRequest, number: int) -> Case:
    other = sight.shared(request.organisation).filter(pk=number).first()
    if other is None:
        raise wrong("of", _("Dieses Anliegen gibt es nicht."))
    return other


def _team(request: ApiRequest, number: int) -> Team:
    team = Team.objects.filter(organisation=request.organisation, pk=number).first()
    if team is None:
        raise wrong("team", _("Dieses Team gibt es nicht."))
    return team


def _colleague(request: ApiRequest, email: str | None) -> Operator | None:
    if email is None:
        return None
    rows = Membership.objects.filter(organisation=request.organisation, operator__is_active=True, operator__email__iexact=email)
    member = rows.select_related("operator").first()
    if member is None or not may(member, Right.ANSWER):
        raise wrong("email", _("Diese Person arbeitet hier nicht an Anliegen."))
    return member.operator


def _do(request: ApiRequest, number: int, key: str | None, do: Callable[[Case], object]) -> HttpResponse:
    """Do it once, and say how the case stands then."""

    def done() -> tuple[int, CaseStands]:
        try:
            do(_found(request, number))
        except actions.NotNow as reason:
            raise Problem(409, "not_now", str(reason)) from None
        return 200, api_shapes.stands(Case.objects.get(pk=number))

    return once(request, key, done)
