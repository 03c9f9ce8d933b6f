"""Where a short address leads: at once, without a cookie, without a word about who came."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from buergerdraht.website import short
from buergerdraht.website.models import ShortLink
from buergerdraht.website.pages import private, show


@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponseBase:
    link = short.find(code)
    if link is None:
        gone = ShortLink.objects.select_related("organisation__look__logo").filter(code=code.lower()).first()
        if gone is None:
            raise Http404
        return private(show(request, gone.organisation, "website/short_gone.html", status=410))
    if request.method == "GET":
        short.count(link)
    return private(HttpResponseRedirect(link.target))
