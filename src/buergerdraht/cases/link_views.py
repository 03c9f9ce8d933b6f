"""What a firm sees and does by its link: what is to be done and where, never who reported it or what we noted.

The link itself is the key, no cookie is; so a form elsewhere could do nothing without it, and needs no token against forgery. It must not
reach another house: no referrer, no index, no cache.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.cases import delegating
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.models import Case, Delegation, Photo
from buergerdraht.gateway import file_views, files
from buergerdraht.gateway.models import Media

Answer = TypeVar("Answer", bound=HttpResponseBase)


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    found = delegating.find(token)
    if found is None:
        return _none(request)
    if request.method == "GET":
        delegating.opened(found)
    return _page(request, found, token, said=request.GET.get("ok", ""))


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    return _none(request)


@csrf_exempt
@require_POST
def act(request: HttpRequest, token: str, verb: str) -> HttpResponse:
    """Accept, write, bring pictures, say that it is done or cannot be; what was typed stays where it is refused."""
    found = delegating.find(token)
    if found is None:
        return _none(request)
    text = request.POST.get("text", "").replace("\0", "")[: delegating.MOST_WORDS]
    try:
        if verb == "annehmen":
            delegating.accept(found)
        elif verb == "schreiben":
            delegating.write(found, text)
        elif verb == "nicht-moeglich":
            delegating.refuse(found, text)
            return _kept_apart(render(request, "cases/link_over.html", {"organisation": found.case.organisation, "refused": True}))
        else:
            pictures = _pictures(request)
            if verb == "fotos" and not pictures:
                raise NotNow(_("Bitte wählen Sie ein Foto."))
            if pictures:
                delegating.bring(found, pictures)
            if verb == "erledigt":
                delegating.done(found, text)
    except NotNow as refused:
        return _page(request, found, token, problem=str(refused), verb=verb, typed=text, status=422)
    response = redirect("delegations:show", token)
    response["Location"] += f"?ok={verb}"
    return _kept_apart(response)


@require_safe
def picture(request: HttpRequest, token: str, photo: str) -> HttpResponseBase:
    """A covered picture of the case; the original has no address here."""
    found = delegating.find(token)
    row = _photos(found.case).filter(pk=int(photo)).first() if found else None
    if row is None or row.shown is None or not files.path(row.shown).is_file():
        raise Http404
    response = file_views.guarded(FileResponse(files.path(row.shown).open("rb"), content_type=row.shown.mime), row.shown, row.shown.mime)
    response.headers["Content-Disposition"] = "inline"
    return _kept_apart(response)


def _pictures(request: HttpRequest) -> list[tuple[str, bytes]]:
    given = request.FILES.getlist("photos")
    if len(given) > delegating.MOST_PHOTOS or any((file.size or 0) > delegating.LARGEST_PHOTO for file in given):
        raise NotNow(_("Höchstens zwanzig Fotos, jedes bis 20 MB."))
    return [(file.name or "foto", file.read()) for file in given]


def _photos(case: Case) -> QuerySet[Photo]:
    return case.photos.filter(state=Photo.State.COVERED, shown__state=Media.State.READY).select_related("shown")


def _page(request: HttpRequest, found: Delegation, token: str, status: int = 200, **more: Any) -> HttpResponse:
    case = found.case
    sent = case.entries.filter(data__delegation=found.pk, what__in=["firm_wrote", "firm_done"]).exclude(text="").order_by("at", "pk")
    photos = list(_photos(case))
    waiting = case.photos.filter(pk__in=_brought(found), state=Photo.State.WAITING).count()
    context = {
        "organisation": case.organisation, "delegation": found, "case": case, "token": token, "accepted": delegating.accepted(found),
        "before": [each for each in photos if each.kind == Photo.Kind.BEFORE],
        "after": [each for each in photos if each.kind == Photo.Kind.AFTER], "waiting": waiting, "sent": sent, **more,
    }  # fmt: skip
    return _kept_apart(render(request, "cases/link.html", context, status=status))


def _brought(found: Delegation) -> list[int]:
    rows = found.case.entries.filter(what="firm_photo", data__delegation=found.pk).values_list("data__photo", flat=True)
    return [int(number) for number in rows if number]


def _none(request: HttpRequest) -> HttpResponse:
    """The same for unknown, over and taken back: who tries learns nothing."""
    return _kept_apart(render(request, "cases/link_over.html", {"organisation": None}, status=404))


def _kept_apart(response: Answer) -> Answer:
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "private, no-store"
    return response
