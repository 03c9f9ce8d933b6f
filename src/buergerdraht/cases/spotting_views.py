"""The page on which somebody shows the place of a report they began in the chat."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import basemap, ground, intake, places, public_words, spotting
from buergerdraht.cases.models import Draft
from buergerdraht.cases.report import coordinates
from buergerdraht.cases.web_form import Speaker
from buergerdraht.wording.voice import listening, spoken


class SpotForm(forms.Form):
    """A point on the map, or a street as one writes it."""

    place = forms.CharField(max_length=200, required=False)
    spot = forms.CharField(max_length=200, required=False)
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@listening
def spot(request: HttpRequest, organisation: str, token: str) -> HttpResponse:
    """Choose the place by a tap or by typing; then it goes on in the chat."""
    house = get_object_or_404(Organisation, slug=organisation)
    draft = spotting.draft_of(organisation, token)
    if draft is None:
        return _page(request, house, {"over": True}, status=404)
    if request.method != "POST":
        return _page(request, house, {})
    form = SpotForm(request.POST)
    given = form.cleaned_data if form.is_valid() else {}
    return _chosen(request, house, draft, given)


def _chosen(request: HttpRequest, house: Organisation, draft: Draft, given: dict[str, Any]) -> HttpResponse:
    speaker, text = Speaker(house, spoken()), str(given.get("place") or "").strip()
    typed = {"place": text, "latitude": given.get("latitude") or "", "longitude": given.get("longitude") or ""}
    point = (given.get("latitude"), given.get("longitude"))
    if point[0] is None or point[1] is None:
        found = _found(house, str(given.get("spot") or text))
        if len(found) > 1:
            return _page(request, house, {**typed, "spots": found, "wrong": speaker.say("form_place_which")}, status=422)
        point = (found[0].latitude, found[0].longitude) if found else (None, None)
    if point[0] is None or point[1] is None:
        wrong = speaker.say("spot_unknown" if text else "form_place_missing")
        return _page(request, house, {**typed, "wrong": wrong}, status=422)
    name = intake.place_on_map(draft.pk, point[0], point[1])
    return _page(request, house, {"done": name} if name else {"over": True})


def _found(house: Organisation, text: str) -> list[places.Spot]:
    if point := coordinates(text):
        return [places.Spot(text, *point)]
    return places.find(house, text) if text else []


def _page(request: HttpRequest, house: Organisation, values: dict[str, Any], *, status: int = 200) -> HttpResponse:
    say, here = Speaker(house, spoken()).say, ground.of(house)
    drawn = basemap.drawn(
        here,
        say("form_map"),
        pick="id_latitude,id_longitude",
        failed=say("form_map_none"),
        gentle="",
        said=public_words.on_map(house, spoken()),
    )
    answer = render(request, "cases/spot.html", {"organisation": house, "map": drawn, **values}, status=status)
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return basemap.open_for(answer, here, locate=True)
