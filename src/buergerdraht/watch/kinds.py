"""What can be wrong, in plain words (law 17): what happened, what to do, how long it must last before somebody is called."""

# ruff: noqa: E501 - one kind per line reads like the table it is

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from buergerdraht.watch.models import Alarm

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

KIND, LEVEL = Alarm.Kind, Alarm.Level


class Kind(NamedTuple):
    """`text` is filled with the alarm's values. `lasts` and `calm` are seconds: from suspicion to alarm, from the cause's end to the alarm's."""

    level: str
    title: StrPromise
    text: StrPromise
    advice: StrPromise
    lasts: int = 0
    calm: int = 90


KINDS: Mapping[str, Kind] = {
    KIND.CHANNEL_BROKEN: Kind(
        LEVEL.FAULT,
        _("Der Kanal steht still"),
        _("Der Dienst nimmt nichts mehr an. Es geht nichts hinaus, bis er wieder läuft."),
        _("Öffnen Sie die Seite des Kanals: Sie sagt, was zu tun ist. Danach setzen Sie ihn fort."),
        calm=0,
    ),
    KIND.CHANNEL_SILENT: Kind(
        LEVEL.WARNING,
        _("Der Kanal schweigt"),
        _("Seit {hours} Stunden kam nichts an, obwohl sonst um diese Zeit etwas kommt."),
        _("Prüfen Sie den Webhook: Auf der Seite des Kanals steht die Adresse, die beim Anbieter eingetragen sein muss."),
        calm=0,
    ),
    KIND.RECEIPTS_MISSING: Kind(
        LEVEL.WARNING,
        _("Zustellberichte bleiben aus"),
        _("Von {accepted} angenommenen Nachrichten fehlt bei {missing} nach über 15 Minuten jeder Bericht."),
        _("Prüfen Sie den Webhook und die abonnierten Ereignisse beim Anbieter. Gesendet wird weiter."),
    ),
    KIND.QUEUE_OLD: Kind(
        LEVEL.FAULT,
        _("Die Warteschlange kommt nicht voran"),
        _("Die älteste Nachricht, die hinaus dürfte, wartet seit {minutes} Minuten."),
        _("Sehen Sie in der Zustellung nach, ob der Versandprozess läuft und ob der Dienst drosselt."),
    ),
    KIND.FAILURES_HIGH: Kind(
        LEVEL.FAULT,
        _("Viele Nachrichten scheitern"),
        _("In den letzten 15 Minuten scheiterten {failed} von {total} Nachrichten."),
        _("Die Zustellung nennt die Gründe. Halten Sie laufende Rundnachrichten an, bis der Grund klar ist."),
    ),
    KIND.KEPT_EVENTS: Kind(
        LEVEL.WARNING,
        _("Meldungen ließen sich nicht verarbeiten"),
        _("Aufbewahrt und nicht verarbeitet: {count}."),
        _("Öffnen Sie „Nicht verarbeitet“ und wiederholen Sie sie. Bleibt es dabei, melden Sie es Ihrem Betrieb."),
        calm=0,
    ),
    KIND.ENGINE_MISSING: Kind(
        LEVEL.FAULT,
        _("Kein Versandprozess bedient den Kanal"),
        _("Nachrichten warten; verloren geht nichts."),
        _("Ihr Betrieb muss den Prozess „engine“ starten oder seine Ausgabe ansehen."),
        lasts=60,
        calm=30,
    ),
    KIND.CANARY_LOST: Kind(
        LEVEL.FAULT,
        _("Die Prüfnachricht kam nicht zurück"),
        _("Die Nachricht an den Prüfempfänger wurde nicht rechtzeitig angenommen oder zugestellt."),
        _("Sehen Sie nach, ob das Prüfgerät eingeschaltet ist und Empfang hat; dann, ob der Kanal sendet."),
        calm=0,
    ),
    KIND.PROVIDER_COMPLAINS: Kind(
        LEVEL.WARNING,
        _("Der Anbieter meldet Probleme"),
        _("Die Prüfung des Kontos ergab {findings} Beanstandungen."),
        _("Öffnen Sie die Prüfung auf der Seite des Kanals: Dort steht jede mit dem, was zu tun ist."),
        calm=0,
    ),
    KIND.RECONCILIATION_DIFFERENCE: Kind(
        LEVEL.FAULT,
        _("Der Tagesabgleich geht nicht auf"),
        _("An {days} Tagen stimmen Nachrichten, Sendungen und Empfänger nicht überein."),
        _("Öffnen Sie den Abgleich: Er nennt, was fehlt. Bewahren Sie Sicherungen auf und melden Sie es Ihrem Betrieb."),
        calm=0,
    ),
    KIND.WORKER_MISSING: Kind(
        LEVEL.FAULT,
        _("Kein Arbeitsprozess läuft"),
        _("Eingehende Nachrichten werden angenommen, aber nicht verarbeitet; verloren geht nichts."),
        _("Ihr Betrieb muss den Prozess „worker“ starten oder seine Ausgabe ansehen."),
        lasts=45,
        calm=0,
    ),
    KIND.DATABASE_SLOW: Kind(
        LEVEL.WARNING,
        _("Die Datenbank ist langsam"),
        _("Ein Eintrag brauchte {milliseconds} Millisekunden."),
        _("Ihr Betrieb sollte Platten, Sicherungsläufe und andere Lasten auf dem Datenbankserver ansehen."),
        lasts=90,
    ),
    KIND.DATABASE_AWAY: Kind(
        LEVEL.FAULT,
        _("Die Datenbank nimmt nichts an"),
        _("Seit zwei Minuten lässt sich nichts speichern. Anbieter liefern Eingehendes später noch einmal; gesendet wird nichts."),
        _("Ihr Betrieb muss den Datenbankserver ansehen: Läuft er, und ist auf seiner Platte Platz?"),
        lasts=120,
    ),
    KIND.DISK_FULL: Kind(
        LEVEL.FAULT,
        _("Der Speicherplatz geht aus"),
        _("Im Datenordner sind noch {megabytes} MB frei."),
        _("Ihr Betrieb muss Platz schaffen, sonst können Bilder und Nachrichten nicht gespeichert werden."),
    ),
    KIND.POST_FORGOTTEN: Kind(
        LEVEL.WARNING,
        _("Ein vorbereiteter Beitrag wartet auf einen Menschen"),
        _("Von Hand zu veröffentlichen und überfällig: {count}."),
        _("Öffnen Sie die Rundnachricht, veröffentlichen Sie den Beitrag am Telefon und bestätigen Sie es, oder lassen Sie ihn aus."),
        calm=0,
    ),
    KIND.BRIDGE_FAILING: Kind(
        LEVEL.FAULT,
        _("Anliegen kommen nicht zu einer anderen Stelle durch"),
        _("Wege zu anderen Stellen oder Systemen, die gerade nicht gehen: {count}. Was wartet, wird einen Tag lang wieder versucht."),
        _("Öffnen Sie „Einstellungen › Weitergabe“: Bei jedem steht, was fehlt. Danach wählen Sie „Verbindung prüfen“."),
        lasts=600,
        calm=0,
    ),
    KIND.REMINDERS_MISSED: Kind(
        LEVEL.WARNING,
        _("Ein Dialog zu fester Uhrzeit hat nicht alle erreicht"),
        _("In den letzten 24 Stunden zu spät und deshalb ausgelassen: {count} Menschen."),
        _("Unter „Verläufe“ des Dialogs steht, wann. Lief „worker“ um diese Zeit? Sind es sehr viele, lassen Sie den Dialog früher beginnen."),
        calm=0,
    ),
}  # fmt: skip

# Why somebody could not be told, by the code in AlarmReceiver.problem.
PROBLEMS: Mapping[str, StrPromise] = {
    "mail": _("Der Mailserver hat die Mail nicht angenommen."),
    "no_right": _("Die Person verwaltet diese Organisation nicht mehr."),
    "address_refused": _("Diese Adresse liegt im eigenen Netz oder ist nicht mit https erreichbar; dorthin wird nichts geschickt."),
    "not_found": _("Der Rechner dieser Adresse wurde nicht gefunden."),
    "unreachable": _("Unter dieser Adresse antwortet niemand."),
    "certificate": _("Das Zertifikat der Adresse gilt nicht."),
    "timeout": _("Die Gegenstelle hat nicht innerhalb von 15 Sekunden geantwortet."),
    "redirected": _("Die Gegenstelle leitet weiter. Tragen Sie die endgültige Adresse ein."),
    "gone": _("Die Gegenstelle hat sich abgemeldet (410). Der Empfänger ist abgeschaltet."),
    "refused": _("Die Gegenstelle hat die Meldung abgelehnt."),
    "broken": _("Die Gegenstelle meldet einen eigenen Fehler."),
}


def sentence(alarm: Alarm) -> str:
    """Say what happened, with the alarm's numbers."""
    return str(KINDS[alarm.kind].text).format_map(_Known(alarm.values))


class _Known(dict[str, Any]):
    """A number that an older alarm does not have is left out, not an error."""

    def __missing__(self, key: str) -> str:
        return "–"
