"""One prepared post on a telephone, by a link that is valid for a day: to copy, to share, to confirm. Nothing else of the house.

The link itself is the key, no cookie is; so a form elsewhere could do nothing without it, and needs no token against forgery. It must not
reach another house: no referrer, no index, no cache.
"""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.broadcasts import posts, publishing
from buergerdraht.broadcasts.models import Posting
from buergerdraht.broadcasts.posting_views import shown, told
from buergerdraht.gateway import file_views, files
from buergerdraht.gateway.models import Media

Answer = TypeVar("Answer", bound=HttpResponseBase)


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    found = publishing.opened(token)
    if found is None:
        return _none(request)
    return _page(request, found[0], token)


@csrf_exempt
@require_POST
def act(request: HttpRequest, token: str, verb: str) -> HttpResponse:
    """Confirm or skip in the name of whoever asked for the link; what was typed stays where it is refused."""
    found = publishing.opened(token)
    if found is None:
        return _none(request)
    posting, operator = found
    form = {name: value.replace("\0", "")[:1000] for name, value in request.POST.items() if isinstance(value, str)}
    try:
        if verb == "fertig":
            publishing.confirm(posting, operator=operator, url=form.get("url", ""), at=told(form), words=form.get("note", ""))
        else:
            publishing.skip(posting, operator=operator, reason=form.get("grund", ""))
    except ValidationError as problem:
        posting.refresh_from_db()
        return _page(request, posting, token, problem=problem.messages[0], verb=verb, typed=form, status=422)
    return _kept_apart(redirect("handoff:show", token))


@require_safe
def picture(request: HttpRequest, token: str, media: uuid.UUID) -> HttpResponseBase:
    """A file of this post, and of no other."""
    found = publishing.opened(token)
    if found is None or str(media) not in {each.id for each in posts.files_of(found[0])}:
        raise Http404
    row = Media.objects.filter(pk=media, organisation=found[0].organisation_id, state=Media.State.READY).first()
    if row is None or not files.path(row).is_file():
        raise Http404
    response = file_views.guarded(FileResponse(files.path(row).open("rb"), content_type=row.mime), row, row.mime)
    return _kept_apart(response)


def _page(request: HttpRequest, posting: Posting, token: str, *, status: int = 200, **more: object) -> HttpResponse:
    pictures = [{"media": each, "url": reverse("handoff:picture", args=[token, each.id])} for each in posts.files_of(posting)]
    context = {**shown(posting), "pictures": pictures, "organisation": posting.organisation, "token": token, **more}
    return _kept_apart(render(request, "broadcasts/handoff.html", context, status=status))


def _none(request: HttpRequest) -> HttpResponse:
    """The same for forged, old and renewed: who tries learns nothing."""
    return _kept_apart(render(request, "broadcasts/handoff_over.html", {"organisation": None}, status=404))


def _kept_apart(response: Answer) -> Answer:
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "no-store"
    return response
