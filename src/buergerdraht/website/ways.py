"""The ways to be written to, as the subscribing page offers them: equal, by the alphabet, each with what it means for one's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import segno
from django.urls import NoReverseMatch

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import texts
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.website.pages import Voice, to
from buergerdraht.website.words import WAYS, load, pick

LONGEST_START, LONGEST_WORDS = 64, 300  # letters: what Telegram's links carry; what is still legible before sending
MAIL, PUSH, CHAT = "email", "webpush", "webchat"
ABO = "ABO"


@dataclass(frozen=True)
class Way:
    """`link` opens a chat with us (or a page of ours) that knows the topics; empty for e-mail, whose form stands on the page."""

    kind: str
    hue: str
    letters: str
    title: str
    name: str  # of the channel, where an authority has several of a kind
    link: str
    code: str
    sees: str
    others: str
    about: str
    inside: bool = False  # a page of ours
    write: str = ""  # what one writes there oneself, because the link carries nothing

    @property
    def mail(self) -> bool:
        return self.kind == MAIL


@dataclass(frozen=True)
class Offer:
    """What one may choose, whether the links could carry it, and a sentence on what stands still."""

    ways: list[Way] = field(default_factory=list)
    fits: bool = True
    resting: str = ""


def running(organisation: Organisation, kind: str | None = None) -> list[Channel]:
    rows = Channel.objects.filter(organisation=organisation, state=Channel.State.RUNNING).order_by("kind", "name")
    return [row for row in rows if (kind is None or row.kind == kind) and known(row)]


def known(channel: Channel) -> bool:
    """Whether people can be written to there one by one: posts are for everybody."""
    found = next((each for each in channels.kinds() if each.kind == channel.kind), None)
    return found is not None and found.reach == "people"


def start_of(topics: Sequence[Topic]) -> str | None:
    """The parameter of a link that carries topics: their keys, their numbers where keys are too long, None where neither fits."""
    keys = "__".join(topic.key for topic in topics)
    numbers = "nr-" + "-".join(str(topic.pk) for topic in topics)
    return next((each for each in (keys, numbers) if len(each) <= LONGEST_START), None) if topics else ""


def words_of(topics: Sequence[Topic], language: str) -> str | None:
    """The text of a link that can only carry text."""
    titles = ", ".join(pick(topic.title, language).replace(",", " ") for topic in topics)
    text = f"{ABO} {titles}".strip()
    return text if len(text) <= LONGEST_WORDS else None


def offer(organisation: Organisation, voice: Voice, topics: Sequence[Topic]) -> Offer:
    """All ways that work at this moment."""
    start, words = start_of(topics), words_of(topics, voice.language)
    found = [way for row in running(organisation) if (way := _way(organisation, voice, row, start or "", words or ABO, topics))]
    fits = start is not None and words is not None
    return Offer(sorted(found, key=lambda way: (way.title.casefold(), way.name)), fits, resting(organisation, voice.language))


def resting(organisation: Organisation, language: str) -> str:
    """Say which messengers stand still, and what becomes of those who subscribed there; nothing where another number of one runs."""
    rows = list(channels.people(organisation).order_by("kind"))
    works = {row.kind for row in rows if row.state == Channel.State.RUNNING}
    still = {row.kind for row in rows if row.state in {Channel.State.BROKEN, Channel.State.PAUSED}} - works
    titles = ", ".join(sorted(channels.title(kind) for kind in still))
    return texts.say(organisation, language, "way_rests", titles=titles) if titles else ""


def _meaning(organisation: Organisation, language: str, kind: str, what: str) -> str:
    """What a way means for whoever chooses it; a kind without words of its own has those of "other"."""
    there = next((each for each in (kind, "other") if what in load("ways").get(each, {})), "")
    return WAYS.say(organisation, language, f"{there}.{what}") if there else ""


def _way(organisation: Organisation, voice: Voice, row: Channel, start: str, words: str, topics: Sequence[Topic]) -> Way | None:
    inside, link, write = False, "", ""
    if row.kind in {PUSH, CHAT}:
        inside, link = True, _page(organisation, voice, row.kind, topics)
    elif row.kind != MAIL:
        link = link_of(row, start or "abo", words)
        write = channels.to_write(row, start or "abo", words) if link else ""
    if row.kind != MAIL and not link:
        return None
    spoken = {what: _meaning(organisation, voice.language, row.kind, what) for what in ("sees", "others", "about")}
    hue, letters, title = channels.look(row.kind)
    return Way(
        row.kind, hue, letters, title, row.name, link, code(link) if link and not inside else "", **spoken, inside=inside, write=write
    )


def _page(organisation: Organisation, voice: Voice, kind: str, topics: Sequence[Topic]) -> str:
    """Our own page of push or chat, if it is there, with the topics in its address."""
    name = {PUSH: "website:push", CHAT: "website:chat"}[kind]
    try:
        return to(name, organisation.slug, voice=voice, themen=",".join(topic.key for topic in topics))
    except NoReverseMatch:
        return ""


def link_of(channel: Channel, start: str, words: str) -> str:
    try:
        return channels.deep_link(channel, start, words)
    except (ValueError, NotImplementedError):  # not set up far enough
        return ""


def code(link: str) -> str:
    """An address as a QR code: an SVG that stands in the page, black on white whatever the page's colours are."""
    return str(segno.make(link, error="m").svg_inline(omitsize=True, border=2, light="#ffffff"))
