"""The addresses that tasks point to, bare: these tests are about the tasks."""

from django.http import HttpResponse
from django.urls import include, path


def page(request: object, **arguments: object) -> HttpResponse:
    return HttpResponse()


def room(name: str, *pages: str) -> object:
    return path("o/<slug:organisation>/", include(([path(f"{name}/{one}/<int:number>/", page, name=one) for one in pages], name)))


def delivery(*pages: str) -> object:
    return path("o/<slug:organisation>/", include(([path(one, page, name=one) for one in pages], "watch")))


urlpatterns = [delivery("kept"), room("gateway", "channel"), room("conversations", "thread"), room("broadcasts", "detail")]
