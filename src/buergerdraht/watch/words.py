"""Plain words for the delivery pages: purposes, what is known of a doubt, how the canary fares, what a kept event holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from buergerdraht.conversations.words import span
from buergerdraht.gateway.models import InboundEvent, Outbound
from buergerdraht.watch.models import Probe, ProbeRun
from buergerdraht.watch.reconcile import DIFFERENCES

PURPOSES = {
    Outbound.Purpose.ALERT: gettext_lazy("Warnung"),
    Outbound.Purpose.REPLY: gettext_lazy("Antwort"),
    Outbound.Purpose.SERVICE: gettext_lazy("Automatische Antwort"),
    Outbound.Purpose.NEWSLETTER: gettext_lazy("Rundnachricht"),
}
SOURCES = {
    "webhook": gettext_lazy("vom Anbieter gemeldet"),
    "stream": gettext_lazy("beim Anbieter abgeholt"),
    "door": gettext_lazy("auf unserer Seite geschrieben"),
    "engine": gettext_lazy("beim Senden bemerkt"),
}


def known(letter: Outbound) -> str:
    """Say what is known of a letter that may or may not have arrived."""
    if letter.reason == "restored":
        text = _("Die Datenbank kam aus einer Sicherung. Ob die Nachricht danach noch hinausging, steht nicht darin.")
    elif letter.details:
        text = _("Die Nachricht ging hinaus, aber die Verbindung brach ab, bevor der Dienst geantwortet hat.")
    else:
        text = _("Der Versandprozess endete, während die Nachricht unterwegs war.")
    if letter.parts_total > 1:
        text += " " + _("%(done)d von %(total)d Teilen sind sicher angekommen.") % {
            "done": letter.parts_done,
            "total": letter.parts_total,
        }
    return text


def trouble(event: InboundEvent) -> str:
    """Say why an event could not be handled. The exact place is shown beside it, for those who run the house."""
    code = event.problem.partition(":")[0].strip()
    return {
        "malformed": _("Der Inhalt hat nicht die Form, die der Anbieter beschreibt."),
        "unreadable": _("Der Inhalt ließ sich nicht lesen."),
        "wanting": _("Der Anbieter gab nicht heraus, was man zum Lesen braucht, etwa den Schlüssel des Absenders."),
        "sender_unknown": _("Der Anbieter kennt den Absender nicht."),
        "box_closed": _("Die Verschlüsselung ließ sich mit dem Schlüssel des Absenders nicht öffnen."),
        "key_changed": _("Der Absender hat einen anderen Schlüssel als bisher. Was zu tun ist, sagt die Prüfung des Kanals."),
        "channel_unusable": _("Der Zugang des Kanals ist unvollständig. Tragen Sie ihn ein und wiederholen Sie dann."),
        "Received": _("Eine Nachricht ließ sich nicht einordnen."),
        "Receipt": _("Ein Zustellbericht ließ sich nicht eintragen."),
        "Gone": _("Eine Abmeldung ließ sich nicht eintragen."),
        "Changed": _("Eine Änderung am Konto ließ sich nicht eintragen."),
    }.get(code, _("Eine Art von Meldung, die Bürgerdraht noch nicht kennt."))


def size(number: int) -> str:
    """Say a size in bytes or kilobytes."""
    if number < 1000:
        return ngettext("%(n)d Byte", "%(n)d Bytes", number) % {"n": number}
    return _("%(n)s kB") % {"n": number_format(number / 1000, 1 if number < 10_000 else 0)}


def canary(probe: Probe | None) -> tuple[str, str, str]:
    """Tone, icon and words for how the canary fares."""
    if probe is None:
        return "", "info", _("nicht eingerichtet")
    if not probe.active:
        return "is-warn", "pause", _("angehalten")
    seconds = number_format((probe.milliseconds or 0) / 1000, 1)
    return {
        Probe.State.NEW: ("", "clock", _("noch nichts gesendet")),
        Probe.State.WAITING: ("", "clock", _("ist unterwegs")),
        Probe.State.GOOD: ("is-ok", "ok", _("zurück nach %(n)s Sekunden") % {"n": seconds}),
        Probe.State.LOST: ("is-bad", "warning", _("kam nicht zurück")),
        Probe.State.CLOSED: ("is-warn", "clock", _("wartet, bis das Prüfgerät schreibt")),
        Probe.State.REFUSED: ("is-warn", "warning", _("darf nicht gesendet werden")),
    }[Probe.State(probe.state)]


def age(since: datetime | None, now: datetime) -> str:
    """Say how long something lasts, or nothing."""
    if since is None:
        return ""
    time = now - since
    seconds = int(time.total_seconds())
    if seconds < 60:
        return ngettext("%(n)d Sekunde", "%(n)d Sekunden", max(seconds, 0)) % {"n": max(seconds, 0)}
    return span(time)


def silence(since: datetime | None, now: datetime) -> timedelta | None:
    """How long nothing came in, where that is worth a word."""
    return now - since if since is not None and now - since >= timedelta(hours=3) else None


def difference(code: str, number: int) -> str:
    """Say what does not match in a day's sums, and by how much."""
    return f"{DIFFERENCES[code]}: {number_format(number, force_grouping=True)}" if code in DIFFERENCES else f"{code}: {number}"


def run(probe_run: ProbeRun) -> tuple[str, str, str]:
    """Tone, icon and words for one message of the canary."""
    seconds = number_format((probe_run.milliseconds or 0) / 1000, 1)
    return {
        Probe.State.NEW: ("", "clock", _("wird gesendet")),
        Probe.State.WAITING: ("", "clock", _("ist unterwegs")),
        Probe.State.GOOD: ("is-ok", "ok", _("zurück nach %(n)s Sekunden") % {"n": seconds}),
        Probe.State.LOST: ("is-bad", "warning", _("kam nicht zurück")),
        Probe.State.CLOSED: ("is-warn", "clock", _("Fenster geschlossen")),
        Probe.State.REFUSED: ("is-warn", "warning", _("durfte nicht gesendet werden")),
    }[Probe.State(probe_run.state)]
