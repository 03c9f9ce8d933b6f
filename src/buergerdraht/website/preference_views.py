"""Somebody's own settings, behind a signed link that expires: topics, language, pause, stop, what is stored, erasure."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import actions, commands, ways_page
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Topic
from buergerdraht.contacts.texts import day, offered
from buergerdraht.website import links, subscribing
from buergerdraht.website.pages import house, often, private, show, voice_of
from buergerdraht.website.subscribe_views import LONGEST_MAIL, lapsed
from buergerdraht.website.words import say


@csrf_exempt  # the form of a page anybody sees; see subscribe
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """Ask for the link: by the word in any messenger, or by e-mail. Nobody learns whether an address is known."""
    here = house(organisation)
    voice, channel = voice_of(request, here), subscribing.mailbox(here)
    if request.method != "POST" or channel is None:
        return show(request, here, "website/settings.html", {"mail": channel is not None})
    email = request.POST.get("email", "").strip().lower()[:LONGEST_MAIL]
    wrong = ""
    try:
        validate_email(email)
    except ValidationError:
        wrong = "mail_wrong"
    if not wrong and not subscribing.may(request, here, "ask"):
        wrong = "mail_often"
    if wrong:
        context = {"mail": True, "wrong": say(here, voice.language, wrong), "email": email}
        answer = show(request, here, "website/settings.html", context, status=422)
        return private(often(answer) if wrong == "mail_often" else answer)
    if subscribing.may(request, here, "letter", f"settings {email}"):
        subscribing.ask_for_settings(channel, email, voice.language)
    return private(show(request, here, "website/told.html", {"title": "pref_ask_send", "text": "pref_asked", "email": email}))


@csrf_exempt  # the address itself is the secret: another site does not know it
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, organisation: str, token: str) -> HttpResponseBase:
    """Show and change. GET changes nothing: scanners follow links."""
    here = house(organisation)
    held = links.held(here, token)
    if held is None:
        return lapsed(request, here, "website:settings")
    if request.method != "POST":
        return _page(request, here, held)
    if not subscribing.may(request, here, "change", f"contact {held.contact.pk}"):
        return often(_page(request, here, held, problem="pref_often"))
    return _changed(request, here, held)


def _changed(request: HttpRequest, here: Organisation, held: links.Held) -> HttpResponseBase:
    voice = voice_of(request, here)
    if "stop" in request.POST:
        subscribing.stop(held)
        held.contact.refresh_from_db()
        return _page(request, here, held, said="pref_stopped")
    if "auskunft" in request.POST:
        return _access(held)
    if "loeschen" in request.POST:
        if request.POST["loeschen"] != "sicher":
            return _page(request, here, held, sure=True)
        actions.stop(held.contact, evidence="web: Einstellungen", channel=held.address.channel)
        commands.erase_wanted.send(type(held.contact), contact=held.contact, evidence="web: Einstellungen")
        return private(show(request, here, "website/told.html", {"title": "pref_title", "text": "pref_erased"}))
    if request.POST.keys() & {ways_page.SAVE, ways_page.RESET}:
        proof = Proof(channel=held.address.channel, evidence="web: Einstellungen", language=voice.language)
        kept = ways_page.change(held.contact, request.POST.dict(), proof)
        return _page(request, here, held, **({"said": "pref_saved"} if kept else {"ways_missing": True}))
    spoken = request.POST.get("sprache", "")
    wish = subscribing.Wish(
        topics=set(request.POST.getlist("thema")), language=spoken if spoken in offered(here) else "",
        pause=request.POST.get("pause", "") if request.POST.get("pause") in {*subscribing.PAUSES, "keep"} else "",
    )  # fmt: skip
    subscribing.change(held, wish, voice.language)
    held.contact.refresh_from_db()
    return _page(request, here, held, said="pref_saved")


def _access(held: links.Held) -> HttpResponseBase:
    """Lead to everything that is stored, by the link privacy makes."""
    answers = commands.access_wanted.send(type(held.contact), contact=held.contact)
    url = next(answer[0] for _receiver, answer in answers if answer)
    return private(HttpResponseRedirect(url))


def _page(request: HttpRequest, here: Organisation, held: links.Held, *, status: int = 200, **more: Any) -> HttpResponseBase:
    voice, contact = voice_of(request, here), held.contact
    paused = contact.paused_until if contact.paused_until and contact.paused_until > timezone.now() else None
    language = "de" if voice.language == "de-simple" else voice.language
    context = {
        "topics": Topic.objects.filter(organisation=here, active=True), "have": subscribing.subscribed(contact), "contact": contact,
        "languages": offered(here), "paused": day(paused, language) if paused else "", "until": day(held.until, language),
        "ways": ways_page.page(contact, voice.language), **more,
    }  # fmt: skip
    return private(show(request, here, "website/preferences.html", context, status=status))
