"""Reporting without a messenger, and the personal page of such a report. Works without a script; nobody signs in."""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import actions, basemap, ground, public_views, public_words, publishing, web_form
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.report import LONGEST, MOST_PHOTOS, speaks_of
from buergerdraht.cases.templatetags.citizens import in_words
from buergerdraht.cases.web_form import Carried, ReportForm, Sending, Speaker
from buergerdraht.wording import voice
from buergerdraht.wording.shelves import privacy_url

STATUS = "buergerdraht.cases.status"
# From one connection, in an hour: many people may share one, and write photos of one matter one by one.
OFTEN = {"check": "120/1h/key", "send": "20/1h/key", "add": "40/1h/key"}


def _may(request: HttpRequest, house: Organisation, what: str) -> bool:
    """Say whether this connection may do so once more. Its address is never kept: only a keyed hash, for an hour."""
    key = vault.lookup(house.pk, ratelimit.get_ip(request)).hex()
    return ratelimit.consume(request, app="cases", action=what, config=OFTEN, key=key) is not None


def _often(answer: HttpResponse) -> HttpResponse:
    """Say also to programs that it was too often, and that an hour helps."""
    answer.status_code, answer.headers["Retry-After"] = 429, "3600"
    return answer


# ── Choosing, filling in, reading back, sending ───────────────────────────


@require_safe
@voice.listening
def begin(request: HttpRequest, organisation: str) -> HttpResponse:
    """Choose what it is about: by words, or from the list."""
    house = public_views.found(organisation)
    asked = request.GET.get("worte", "").replace("\0", "").strip()[:100]
    rows = list(Category.objects.filter(organisation=house, active=True))
    found = [row for row in rows if _means(row, asked)] if asked else rows
    groups: dict[str, list[Category]] = {}
    for row in found or rows:
        groups.setdefault(row.group, []).append(row)
    context = {"organisation": house, "groups": groups, "asked": asked, "nothing": asked and not found}
    return render(request, "cases/form_begin.html", context)


def _means(category: Category, asked: str) -> bool:
    """Whether somebody who writes this may mean the category: they say one of its words, or the beginning of one."""
    known = [*category.title.values(), *(word for each in category.synonyms.values() for word in each), *category.description.values()]
    said = asked.casefold()
    return speaks_of(asked, known) or any(said in word.casefold() for word in known)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@voice.listening
def report(request: HttpRequest, organisation: str, category: str) -> HttpResponse:
    """Fill in, read back, send: three states of one address."""
    house = public_views.found(organisation)
    chosen = get_object_or_404(Category.objects.select_related("organisation__ground"), organisation=house, key=category, active=True)
    if in_words(chosen.refusal):
        return render(request, "cases/form_refused.html", {"organisation": house, "category": chosen})
    speaker = Speaker(house, voice.spoken())
    if request.method != "POST":
        return _fill(request, ReportForm(chosen, speaker), web_form.begin())
    carried = web_form.unseal(request.POST.get("bericht", ""))
    if carried is None:
        return _fill(request, ReportForm(chosen, speaker, request.POST), web_form.begin(), wrong=speaker.say("form_old"))
    if "absenden" in request.POST:
        return _send(request, chosen, speaker, carried)
    if "aendern" in request.POST:
        return _fill(request, ReportForm(chosen, speaker, initial=_entered(carried)), carried)
    return _check(request, ReportForm(chosen, speaker, request.POST), carried)


def _entered(carried: Carried) -> dict[str, Any]:
    """What was entered, as the form has it."""
    kept = carried.report
    answers = {f"q_{key}": value for key, value in kept.answers.items()}
    return {"place": kept.place, "latitude": kept.latitude, "longitude": kept.longitude, "words": kept.words, **answers, **carried.contact}


def _fill(request: HttpRequest, form: ReportForm, carried: Carried, *, wrong: str = "") -> HttpResponse:
    house, say = form.speaker.organisation, form.speaker.say
    here, wrong_fields = ground.of(house), bool(form.errors)
    form.fields["place"].required = form.category.needs_place  # for its label: a point on the map will do as well
    context = {
        "organisation": house, "category": form.category, "form": form, "carried": web_form.seal(carried), "wrong": wrong,
        "own": web_form.OWN,
        "map": basemap.drawn(
            here, say("form_map"), pick="id_latitude,id_longitude", failed=say("form_map_none"), gentle="",
            said=public_words.on_map(house, form.speaker.language),
        ),
        "privacy": privacy_url(house),
    }  # fmt: skip
    answer = render(request, "cases/form_fill.html", context, status=422 if wrong_fields or wrong else 200)
    return basemap.open_for(answer, here, locate=True)


def _check(request: HttpRequest, form: ReportForm, carried: Carried) -> HttpResponse:
    """Read it back, if nothing is missing."""
    if not form.is_valid():
        return _fill(request, form, carried)
    if not _may(request, form.speaker.organisation, "check"):
        return _often(_fill(request, form, carried, wrong=form.speaker.say("form_too_often")))
    carried.report, carried.contact = form.report(), form.contact()
    return _read_back(request, form.category, form.speaker, carried)


def _read_back(
    request: HttpRequest, category: Category, speaker: Speaker, carried: Carried, wrong: list[str] | None = None
) -> HttpResponse:
    kept, house = carried.report, speaker.organisation
    beyond = ""
    if kept.beyond:
        beyond = speaker.say("form_beyond_unknown") if kept.beyond == "?" else speaker.say("form_beyond", body=kept.beyond)
    point = (kept.latitude, kept.longitude)
    context = {
        "organisation": house, "category": category, "kept": kept, "contact": carried.contact, "carried": web_form.seal(carried),
        "answers": web_form.answered(category, kept.answers, speaker),
        "beyond": beyond, "neighbour": ground.neighbour(house, *point) if kept.beyond and None not in point else None,  # type: ignore[arg-type]
        "alike": web_form.alike(category, kept), "most": MOST_PHOTOS, "wrong": wrong or [],
    }  # fmt: skip
    return render(request, "cases/form_check.html", context, status=422 if wrong else 200)


def _send(request: HttpRequest, category: Category, speaker: Speaker, carried: Carried) -> HttpResponse:
    sent = [photo for photo in request.FILES.getlist("photos") if photo]
    if request.POST.get("website"):
        return _read_back(request, category, speaker, carried, [speaker.say("form_trapped")])
    if web_form.too_fast(carried):
        again = [speaker.say("form_too_fast"), *([speaker.say("form_photos_again")] if sent else [])]
        return _read_back(request, category, speaker, carried, again)
    if not carried.report.words:  # a page of the first step, sent as if it were the last
        return _fill(request, ReportForm(category, speaker, initial=_entered(carried)), carried, wrong=speaker.say("form_old"))
    if category.needs_photo and not sent:
        return _read_back(request, category, speaker, carried, [speaker.say("form_photo_needed")])
    if not _may(request, speaker.organisation, "send"):
        return _often(_read_back(request, category, speaker, carried, [speaker.say("form_too_often")]))
    try:
        case = web_form.send(Sending(category, carried, sent), speaker)
    except ValidationError as refused:
        return _read_back(request, category, speaker, carried, [*refused.messages, speaker.say("form_photos_again")])
    return redirect(voice.carried(reverse("reports:status", args=[speaker.organisation.slug, token(case)]) + "?neu"))


# ── The personal page ─────────────────────────────────────────────────────


def token(case: Case) -> str:
    """What opens the personal page of a case: its number, signed."""
    return signing.Signer(salt=STATUS).sign(str(case.pk))


def _opened(organisation: str, signed: str) -> Case | None:
    """The case a personal link leads to; one that was emptied is nobody's any more."""
    try:
        number = int(signing.Signer(salt=STATUS).unsign(signed))
    except (signing.BadSignature, ValueError):
        return None
    rows = Case.objects.select_related("organisation", "category").filter(organisation__slug=organisation, emptied=False)
    return rows.filter(pk=number).first()


@never_cache
@require_safe
@voice.listening
def status(request: HttpRequest, organisation: str, token: str) -> HttpResponse:
    """How one's own report stands, and what one can do about it."""
    case = _opened(organisation, token)
    if case is None:
        return _lost(request, organisation)
    return _status(request, case, token)


@never_cache
@require_POST
@voice.listening
def act(request: HttpRequest, organisation: str, token: str, verb: str) -> HttpResponse:
    """Add something, say that it is not done, or take it back from the public."""
    case = _opened(organisation, token)
    if case is None:
        return _lost(request, organisation)
    if verb not in ACTS:
        raise Http404
    speaker = Speaker(case.organisation, voice.spoken())
    if not _may(request, case.organisation, "add"):
        return _often(_status(request, case, token, [speaker.say("form_too_often")]))
    try:
        messages.success(request, ACTS[verb](request, case, speaker))
    except (NotNow, ValidationError) as refused:
        wrong = refused.messages if isinstance(refused, ValidationError) else [str(refused)]
        return _status(request, case, token, wrong)
    return redirect(voice.carried(reverse("reports:status", args=[case.organisation.slug, token])))


def _add(request: HttpRequest, case: Case, speaker: Speaker) -> str:
    text = request.POST.get("worte", "").replace("\0", "").strip()[:LONGEST]
    sent = [photo for photo in request.FILES.getlist("photos") if photo]
    if not text and not sent:
        raise ValidationError(speaker.say("own_nothing"))
    actions.add(case, None, text=text, photos=web_form.keep(speaker, sent))
    return speaker.say("own_added")


def _reopen(request: HttpRequest, case: Case, speaker: Speaker) -> str:
    try:
        actions.reopen(case, None, text=request.POST.get("worte", "").replace("\0", "").strip()[:LONGEST])
    except NotNow:
        raise NotNow(speaker.say("own_open")) from None
    return speaker.say("own_reopened")


def _withdraw(_request: HttpRequest, case: Case, speaker: Speaker) -> str:
    if not actions.withdraw(case, None):
        raise NotNow(speaker.say("own_not_yours"))
    return speaker.say("own_withdrawn")


ACTS = {"ergaenzen": _add, "nicht-erledigt": _reopen, "zurueckziehen": _withdraw}


def _status(request: HttpRequest, case: Case, token: str, wrong: list[str] | None = None) -> HttpResponse:
    house, days = case.organisation, case.category.days
    told = [
        (entry.data.get("to", ""), entry.told, entry.at)
        for entry in Entry.objects.filter(case=case, what__in=("moved", "answered")).order_by("at", "id")[: publishing.MOST_STEPS]
    ]
    public = publishing.one(house, case.number) if publishing.organisation(house.slug) else None
    context = {
        "organisation": house, "case": case, "token": token, "told": told, "new": "neu" in request.GET, "wrong": wrong or [],
        "days": days if days and case.state in Case.OPEN else 0, "closed": case.state in {Case.State.DONE, Case.State.REJECTED},
        "public": public, "mine": case.contact_id is None, "most": MOST_PHOTOS, "photos": case.photos.count(),
        "words": request.POST.get("worte", "") if wrong else "",
        "back": voice.carried(reverse("reports:list", args=[house.slug])) if public else "",
    }  # fmt: skip
    answer = render(request, "cases/public_own.html", context, status=422 if wrong else 200)
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _lost(request: HttpRequest, organisation: str) -> HttpResponse:
    house = get_object_or_404(Organisation, slug=organisation)
    return render(request, "cases/public_lost.html", {"organisation": house}, status=404)
