"""Plain words for the inbox: kinds of messages, who spoke, how a message fared, how long somebody waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from buergerdraht.connectors import markdown
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.contacts.models import Consent
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Outbound

MINUTE, HOUR, DAY = 60, 3600, 86400


def kind(code: str) -> str:
    """Name a message without text."""
    return {
        "image": _("Foto"),
        "video": _("Video"),
        "audio": _("Tonaufnahme"),
        "voice": _("Sprachnachricht"),
        "document": _("Dokument"),
        "sticker": _("Sticker"),
        "location": _("Standort"),
        "contacts": _("Kontaktkarte"),
        "choice": _("Auswahl"),
        "reaction": _("Reaktion"),
        "start": _("Chat begonnen"),
        "template": _("Vorlage"),
        "deleted": _("Nachricht gelöscht"),
        "unsupported": _("Nachricht, die hier nicht dargestellt werden kann"),
    }.get(code, "")


def author(code: str) -> str:
    return {
        Message.Author.OPERATOR: _("Antwort"),
        Message.Author.BOT: _("Automatische Antwort"),
        Message.Author.BROADCAST: _("Rundnachricht"),
        Message.Author.NOTE: _("Interne Notiz"),
    }.get(Message.Author(code), "") if code else ""  # fmt: skip


def line(message: Message) -> str:
    """Say what a system line means."""
    names = _names(message)
    sentence = {
        "taken": _("%(who)s hat übernommen"),
        "assigned": _("%(who)s hat an %(name)s übergeben"),
        "handed": _("%(who)s hat an das Team %(name)s übergeben"),
        "freed": _("%(who)s hat die Unterhaltung für alle freigegeben"),
        "escalated": _("%(who)s hat das Team %(name)s um Hilfe gebeten"),
        "snoozed": _("%(who)s hat die Unterhaltung zurückgestellt"),
        "woken": _("%(who)s hat die Unterhaltung wieder vorgelegt"),
        "stepped_back": _("%(who)s hat das zurückgenommen"),
        "topic": _("%(who)s hat das Thema „%(name)s“ gewählt"),
        "no_topic": _("%(who)s hat das Thema entfernt"),
        "labelled": _("%(who)s hat die Etiketten geändert: %(name)s") if names["name"] else _("%(who)s hat die Etiketten entfernt"),
        "confided": _("%(who)s hat die Unterhaltung vertraulich gemacht"),
        "named": _("%(who)s hat geändert, wer die vertrauliche Unterhaltung sehen darf"),
        "included": _("%(who)s hat %(name)s einbezogen"),
        "lifted": _("%(who)s hat die Vertraulichkeit aufgehoben"),
        "merged": _("%(who)s hat eine zweite Unterhaltung derselben Person hierhergeholt"),
        "split": _("%(who)s hat den Kanal %(name)s wieder abgetrennt"),
        "split_off": _("%(who)s hat diese Unterhaltung von einer anderen abgetrennt"),
        "placed": _("Zugeordnet: %(name)s, nach der Regel: %(rule)s"),
        "dealt": _("%(name)s ist an der Reihe"),
        "given_back": _("Zurück an das Team %(name)s: Die Frist ist vorbei, und %(before)s ist nicht am Platz"),
        "closed": _("%(who)s hat die Unterhaltung abgeschlossen"),
        "reopened": _("%(who)s hat die Unterhaltung wieder geöffnet"),
        "closed_silent": _("Abgeschlossen, weil keine Antwort mehr kam"),
        "set_aside": _("%(who)s hat die Unterhaltung beiseitegelegt"),
        "brought_back": _("%(who)s hat die Unterhaltung zurückgeholt"),
        "blocked": _("%(who)s hat die Person blockiert"),
        "unblocked": _("%(who)s hat die Blockierung aufgehoben"),
        "calmed": _("%(who)s hat Entwarnung gegeben"),
        "gone": _("Die Person hat den Kanal %(name)s blockiert oder verlassen"),
        "back": _("Die Person ist über %(name)s wieder erreichbar"),
        "key": _("%(name)s nennt für die Person einen anderen Schlüssel als bisher. Nichts geht hinaus, bis ihn jemand verglichen hat"),
        "crowd": _("Die Person schrieb in einer Gruppe bei %(name)s. Wir haben die Gruppe verlassen und antworten ihr allein"),
        "dialog_hold": _("%(who)s hat den Dialog %(name)s angehalten"),
        "dialog_held": _("Der Dialog %(name)s wäre jetzt weitergegangen. Er ist angehalten, weil ein Mensch das Wort hat"),
        "dialog_knocked": _(
            "Das Antwortfenster ist zu. Statt des Dialogs %(name)s ging seine Vorlage hinaus; er geht weiter, wenn die Person antwortet"
        ),
        "dialog_unsaid": _("Der Dialog %(name)s wollte etwas sagen, und es ging nicht: %(why)s"),
        "dialog_resume": _("%(who)s hat den Dialog %(name)s weitermachen lassen"),
        "dialog_begin": _("%(who)s hat den Dialog %(name)s begonnen"),
        "dialog_end": _("%(who)s hat den Dialog %(name)s beendet"),
        "deleted_unknown": _("Die Person hat eine ältere Nachricht gelöscht, die hier nicht vorliegt"),
        "reaction_gone": _("Die Person hat eine Reaktion zurückgenommen"),
    }.get(message.kind, "")
    return sentence % names


def _names(message: Message) -> dict[str, str]:
    """Who did it, and what else its sentence names."""
    why = message.data.get("why", "")
    return {
        "who": message.operator.name if message.operator else "Bürgerdraht",
        "why": _(REASONS[why].title) if why in REASONS else why,
        **{key: message.data.get(key, "") for key in ("name", "rule", "before")},
    }


def waited(time: timedelta) -> str:
    return _("wartet seit %(time)s") % {"time": span(max(time, timedelta(minutes=1)))}


def span(time: timedelta) -> str:
    """Say a length of time in its two largest units."""
    seconds = max(int(time.total_seconds()), 0)
    if seconds >= 2 * DAY:
        return ngettext("%(n)d Tag", "%(n)d Tagen", seconds // DAY) % {"n": seconds // DAY}
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if hours and minutes:
        return _("%(hours)d Std. %(minutes)d Min.") % {"hours": hours, "minutes": minutes}
    return _("%(hours)d Std.") % {"hours": hours} if hours else _("%(minutes)d Min.") % {"minutes": minutes}


# ── How a message fared ───────────────────────────────────────────────────


@dataclass(frozen=True)
class Delivery:
    """What became of a message of ours: a word, its icon and tone, and what one can do."""

    code: str
    word: str
    icon: str
    tone: str = ""
    reason: Reason | None = None
    details: str = ""

    @property
    def failed(self) -> bool:
        return self.code == "failed"

    @property
    def unclear(self) -> bool:
        return self.code == "unclear"


def delivery(outbound: Outbound) -> Delivery:
    """Join what we know and what the provider reported into one word."""
    state, receipt = outbound.state, outbound.receipt
    reason = REASONS.get(outbound.reason) if outbound.reason else None
    if state == Outbound.State.FAILED or (receipt == "failed" and state == Outbound.State.ACCEPTED):
        return Delivery("failed", _("nicht zugestellt"), "x", "is-bad", reason or REASONS["unknown"])
    if state == Outbound.State.CANCELLED:
        return Delivery("cancelled", _("nicht gesendet"), "x", "is-warn", reason or REASONS["cancelled"])
    if state == Outbound.State.UNCLEAR:
        return Delivery("unclear", _("ungeklärt"), "help", "is-warn", REASONS["unclear"])
    if receipt == "read":
        return Delivery("read", _("gelesen"), "check2", "is-read")
    if receipt == "delivered":
        return Delivery("delivered", _("zugestellt"), "check2")
    if state == Outbound.State.ACCEPTED:
        return Delivery("accepted", _("angenommen"), "check")
    return Delivery("sending", _("wird gesendet"), "clock", reason=reason)


# ── Texts ─────────────────────────────────────────────────────────────────


def html(message: Message, *, ours: bool) -> SafeString:
    """Write a message's text as safe HTML: ours with the Markdown subset, a citizen's as typed, with its links."""
    if message.author == Message.Author.NOTE:
        return _mentioned(message.text, message.data.get("marks", ()))
    if ours:
        return mark_safe(markdown.safe_html(markdown.read(message.text)))  # noqa: S308 - escapes every letter itself
    return _typed(message.text)


def _typed(text: str) -> SafeString:
    written = urlize(text, nofollow=True, autoescape=True)
    written = written.replace(' rel="nofollow"', ' rel="noopener noreferrer nofollow" target="_blank"')
    return mark_safe(written.replace("\n", "<br>"))  # noqa: S308 - urlize escapes and adds links only


def _mentioned(text: str, marks: Sequence[tuple[int, int]]) -> SafeString:
    """Write a note with the colleagues it mentions set apart."""
    parts, at = [], 0
    for start, end in marks:
        parts += [_typed(text[at:start]), format_html('<mark class="mention">{}</mark>', text[start:end])]
        at = end
    return mark_safe("".join([*parts, _typed(text[at:])]))  # noqa: S308 - each part is escaped


@dataclass(frozen=True)
class Agreed:
    purpose: str
    granted: bool
    word: str
    at: datetime


def consent(consent: Consent, topic: str) -> Agreed:
    """Say what a consent is about and how it stands."""
    words = {
        "newsletter": _("Rundnachrichten"), "provider_marketing": _("Rundnachrichten laut Messenger"),
        "everywhere": _("Dringendes auf allen Wegen zugleich"),
    }  # fmt: skip
    purpose = words.get(consent.purpose, "")
    word = {"request": _("angefragt"), "grant": _("erteilt"), "confirm": _("bestätigt"), "withdraw": _("widerrufen")}.get(consent.act, "")
    topic = topic or consent.purpose.removeprefix("topic:")
    return Agreed(purpose or _("Thema „%(topic)s“") % {"topic": topic}, consent.act in {"grant", "confirm"}, word, consent.at)


def language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
