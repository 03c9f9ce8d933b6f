"""Start page and subscribing. Without a script, a cookie or a sign-in; the choice of topics travels in the address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from buergerdraht.accounts.middleware import POLICY
from buergerdraht.accounts.models import Organisation
from buergerdraht.consultations import reading
from buergerdraht.contacts.models import Topic
from buergerdraht.contacts.texts import name_topics
from buergerdraht.gateway import channels
from buergerdraht.website import archive, links, pages, subscribing, ways
from buergerdraht.website.archive_views import feeds
from buergerdraht.website.pages import house, often, private, show, voice_of
from buergerdraht.website.words import pick, say

NEWEST, MOST_TOPICS, LONGEST_MAIL = 5, 40, 254
EMBEDDED = POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")


@require_safe
def start(request: HttpRequest, organisation: str) -> HttpResponse:
    """Who writes here, about what, and what was said lately."""
    here = house(organisation)
    voice = voice_of(request, here)
    return show(request, here, "website/start.html", {
        "look": pages.look_of(here), "topics": _topics(here), "newest": archive.cards(archive.listed(here)[:NEWEST], voice.language),
        "doors": pages.doors(request, here, voice), "feeds": feeds(here, voice, ""), "canonical": f"{settings.PUBLIC_URL}{request.path}",
        "own_lead": pick(pages.look_of(here).lead, voice.language),
    })  # fmt: skip


@csrf_exempt  # nobody is signed in, and no cookie says who asks: there is nothing another site could borrow
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """Choose topics, then the way; e-mail is asked for on the spot."""
    here = house(organisation)
    if request.method == "POST":
        return _ask(request, here, "website/subscribe.html")
    return show(request, here, "website/subscribe.html", _context(request, here))


@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def embedded(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """The same for the frame of another page: any site may show it, and it sets no cookie there."""
    here = house(organisation)
    if request.method == "POST":
        response = _ask(request, here, "website/embedded.html")
    else:
        response = show(request, here, "website/embedded.html", _context(request, here))
    response.headers["Content-Security-Policy"] = EMBEDDED
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _topics(organisation: Organisation) -> list[Topic]:
    return list(Topic.objects.filter(organisation=organisation, active=True))


def wanted(asked: MultiValueDict[str, str], organisation: Organisation) -> list[Topic]:
    """The topics an address or a form names: `thema` several times, or `themen` with commas."""
    keys = [*asked.getlist("thema")[:MOST_TOPICS], *(asked.get("themen") or "").split(",")[:MOST_TOPICS]]
    return subscribing.chosen(organisation, keys)


def _context(request: HttpRequest, organisation: Organisation, **more: Any) -> dict[str, Any]:
    voice = voice_of(request, organisation)
    asked = request.POST if request.method == "POST" else request.GET
    topics = wanted(asked, organisation)
    known = _topics(organisation)
    if len(known) == 1:
        topics = known
    offer = ways.offer(organisation, voice, topics)
    return {
        "topics": known, "chosen": {topic.key for topic in topics}, "offer": offer,
        "named": name_topics(topics, organisation, "de" if voice.language == "de-simple" else voice.language) if topics else "",
        "notice": subscribing.notice(organisation, topics, voice.language) if topics else "", **more,
    }  # fmt: skip


def _ask(request: HttpRequest, organisation: Organisation, template: str) -> HttpResponseBase:
    """Take an e-mail address. Whoever it belongs to, and whether we know it: the answer is the same."""
    voice = voice_of(request, organisation)
    email = request.POST.get("email", "").strip().lower()[:LONGEST_MAIL]
    topics = wanted(request.POST, organisation)
    channel = subscribing.mailbox(organisation)
    wrong = "" if topics else "mail_topics"
    try:
        validate_email(email)
    except ValidationError:
        wrong = wrong or "mail_wrong"
    if not wrong and not subscribing.may(request, organisation, "ask"):
        wrong = "mail_often"
    if wrong or channel is None:
        said = say(organisation, voice.language, wrong) if wrong else ""
        answer = show(request, organisation, template, _context(request, organisation, wrong=said, email=email), status=422)
        return private(often(answer) if wrong == "mail_often" else answer)
    trapped = bool(request.POST.get("website"))  # a field people do not see
    if not trapped and subscribing.may(request, organisation, "letter", f"mail {email}"):
        subscribing.ask(channel, email, topics, voice.language)
    sent = {"title": "mail_sent_title", "text": "mail_sent", "email": email, "embedded": template.endswith("embedded.html")}
    return private(show(request, organisation, "website/told.html", sent))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, organisation: str, token: str) -> HttpResponseBase:
    """Ask once more (mail scanners follow links), then confirm."""
    here = house(organisation)
    voice = voice_of(request, here)
    row = links.signed_up(here, token)
    if row is None:
        return lapsed(request, here, "website:subscribe")
    address = subscribing.confirm(row, voice.language) if request.method == "POST" else row.confirmed
    topics = subscribing.wanted(row)
    have = subscribing.subscribed(address.contact) if address is not None else set()
    done = bool(topics) and all(topic.key in have for topic in topics)
    if not topics or (address is not None and not done):  # taken back meanwhile
        return lapsed(request, here, "website:subscribe")
    prefer = links.to_settings(address)[0] if address is not None and request.method == "POST" else ""
    language = "de" if voice.language == "de-simple" else voice.language
    named, notice = name_topics(topics, here, language), subscribing.notice(here, topics, row.language)
    return private(show(request, here, "website/confirm.html", {"named": named, "done": done, "prefer": prefer, "notice": notice}))


def lapsed(request: HttpRequest, organisation: Organisation, again: str) -> HttpResponseBase:
    return private(show(request, organisation, "website/lapsed.html", {"again": again}, status=410))


@require_safe
def consultations(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show when somebody answers personally, and the ways to sign up."""
    here = house(organisation)
    context = {"coming": reading.coming(here)[:20], "ways": _by(here, "sprechstunde", "SPRECHSTUNDE")}
    return show(request, here, "website/consultations.html", context)


@require_safe
def booking(request: HttpRequest, organisation: str) -> HttpResponse:
    """The ways by which an appointment can be booked."""
    here = house(organisation)
    return show(request, here, "website/booking.html", {"ways": _by(here, "termin", "TERMIN")})


def _by(organisation: Organisation, word: str, text: str) -> list[tuple[str, str]]:
    found = [(channels.title(row.kind), ways.link_of(row, word, text)) for row in ways.running(organisation)]
    return [(title, link) for title, link in found if link]
