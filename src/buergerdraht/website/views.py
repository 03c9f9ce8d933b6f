"""Pages anyone may read: how an organisation treats data, and who answers for it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.consultations import reading
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.website.prose import prose

NAMES = {"de": "Deutsch", "en": "English", "ar": "العربية", "tr": "Türkçe", "uk": "Українська", "ru": "Русский", "fr": "Français"}
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@require_safe
def privacy(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show the privacy text in the language asked for (?sprache=), else the browser's, else the first there is."""
    found = get_object_or_404(Organisation, slug=organisation)
    texts = {language: text for language, text in found.privacy_text.items() if text}
    if not texts and found.privacy_url:
        return HttpResponseRedirect(found.privacy_url)
    wanted = [request.GET.get("sprache", ""), translation.get_language_from_request(request), found.language, *texts]
    language = next((word for word in wanted if word in texts), found.language)
    return _page(request, found, "website/privacy.html", language, texts)


@require_safe
def imprint(request: HttpRequest, organisation: str) -> HttpResponse:
    found = get_object_or_404(Organisation, slug=organisation)
    return _page(request, found, "website/imprint.html", found.language, {found.language: found.imprint})


@require_safe
def consultations(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show when somebody answers personally, and the ways to sign up."""
    found = get_object_or_404(Organisation, slug=organisation)
    rows = Channel.objects.filter(organisation=found, state=Channel.State.RUNNING).order_by("kind", "name")
    ways = [(channels.title(row.kind), link) for row in rows if (link := _sign_up(row))]
    return render(request, "website/consultations.html", {"organisation": found, "coming": reading.coming(found)[:20], "ways": ways})


def _sign_up(channel: Channel) -> str:
    try:
        return channels.deep_link(channel, "sprechstunde", "SPRECHSTUNDE")
    except ValueError:  # not set up far enough
        return ""


def _page(request: HttpRequest, organisation: Organisation, template: str, language: str, texts: dict[str, str]) -> HttpResponse:
    shown = language if language in {"de", "en"} else "en"
    with translation.override(shown):
        context = {
            "organisation": organisation,
            "body": prose(texts.get(language, "")),
            "language": language,
            "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
            "others": [(code, NAMES.get(code, code)) for code in texts if code != language],
        }
        return render(request, template, context)
