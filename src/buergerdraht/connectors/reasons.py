"""Why a message did not arrive, in codes that all connectors share and words that operators understand (law 17).

Each code: what happened; whether it will be tried again; what the operator can do. German msgids, translated by the screens.
"""

# ruff: noqa: E501 - one reason per line reads like the table it is

from typing import NamedTuple


class Reason(NamedTuple):
    title: str
    again: str
    advice: str


REASONS: dict[str, Reason] = {
    "blocked": Reason("Die Person hat den Kanal blockiert oder verlassen", "Wird nicht erneut versucht", "Sie müssen nichts tun. Meldet sich die Person wieder, geht es weiter."),
    "not_reachable": Reason("Unter dieser Adresse ist niemand erreichbar", "Wird nicht erneut versucht", "Prüfen Sie bei wichtigen Mitteilungen einen anderen Weg."),
    "opted_out": Reason("Die Person möchte keine Rundnachrichten auf diesem Weg", "Wird nicht erneut versucht", "Sie müssen nichts tun. Antworten auf ihre Fragen bleiben möglich."),
    "window_closed": Reason("Das Antwortfenster ist zu: Die letzte Nachricht der Person ist zu lange her", "Wird nicht von selbst erneut versucht", "Warten Sie, bis die Person schreibt, oder senden Sie eine genehmigte Vorlage, wo der Messenger Vorlagen kennt."),
    "pair_limit": Reason("Zu viele Nachrichten an dieselbe Person in kurzer Zeit", "Wird gleich erneut versucht", "Sie müssen nichts tun."),
    "rate_limit": Reason("Der Dienst nimmt gerade weniger Nachrichten an", "Wird gleich erneut versucht", "Sie müssen nichts tun."),
    "person_limit": Reason("Der Dienst begrenzt Werbenachrichten an diese Person", "Wird frühestens morgen erneut versucht", "Sie müssen nichts tun."),
    "unavailable": Reason("Der Dienst war nicht erreichbar", "Wird erneut versucht", "Sie müssen nichts tun."),
    "tries_used_up": Reason("Der Dienst war mehrfach nicht erreichbar", "Wird nicht erneut versucht", "Senden Sie später an die nicht Erreichten."),
    "unclear": Reason("Die Verbindung brach ab, während gesendet wurde: Es ist nicht sicher, ob die Nachricht ankam", "Wird nicht von selbst erneut versucht", "Entscheiden Sie: erneut senden oder als zugestellt ansehen."),
    "restored": Reason("Die Daten stammen aus einer Sicherung: Es ist nicht sicher, ob die Nachricht danach noch hinausging", "Wird nicht von selbst erneut versucht", "Entscheiden Sie: erneut senden oder als zugestellt ansehen."),
    "content_refused": Reason("Der Dienst hat den Inhalt abgelehnt", "Wird nicht erneut versucht", "Ändern Sie Text oder Anhang und senden Sie an die nicht Erreichten."),
    "media_refused": Reason("Der Dienst hat die Datei abgelehnt", "Wird nicht erneut versucht", "Prüfen Sie Format und Größe der Datei."),
    "template_refused": Reason("Die Vorlage ist nicht genehmigt, angehalten oder passt nicht", "Wird nicht erneut versucht", "Wählen Sie eine genehmigte Vorlage."),
    "country_refused": Reason("Der Dienst stellt in dieses Land nicht zu", "Wird nicht erneut versucht", "Nutzen Sie einen anderen Weg."),
    "token_invalid": Reason("Die Anmeldung beim Dienst gilt nicht mehr", "Geht weiter, sobald der Zugang erneuert ist", "Erneuern Sie das Zugriffstoken in den Einstellungen des Kanals."),
    "account_blocked": Reason("Der Dienst hat unser Konto eingeschränkt", "Geht weiter, sobald der Kanal wieder freigegeben ist", "Sehen Sie im Konto beim Anbieter nach."),
    "captcha": Reason("Signal verlangt den Nachweis, dass ein Mensch sendet", "Geht weiter, sobald das Rätsel gelöst ist", "Lösen Sie das Rätsel auf https://signalcaptchas.org/challenge/generate.html, tragen Sie Kennung und Lösung unter „Zugang“ ein und starten Sie den Kanal."),
    "captcha_refused": Reason("Signal hat die Lösung des Rätsels abgelehnt", "Wird nicht erneut versucht", "Lösen Sie das Rätsel noch einmal, im selben Netz wie signal-cli, und tragen Sie Kennung und Lösung unter „Zugang“ ein."),
    "identity_changed": Reason("Der Schlüssel der Person hat sich geändert: Sie hat ein neues Gerät, oder jemand gibt sich für sie aus", "Wird nicht erneut versucht", "Fragen Sie auf anderem Weg nach, vertrauen Sie dem neuen Schlüssel unter „Zugang“ und senden Sie dann erneut."),
    "push_refused": Reason("Der Push-Dienst nimmt für dieses Gerät nichts von uns an", "Wird nicht erneut versucht", "Sie müssen nichts tun. Betrifft es viele, sehen Sie nach, ob der Schlüssel des Kanals noch derselbe ist."),
    "key_changed": Reason("Der Anbieter nennt für die Person einen anderen Schlüssel als bisher", "Wird nicht erneut versucht", "Die Prüfung des Kanals zeigt den Fingerabdruck: Vergleichen Sie ihn mit der Person, tragen Sie ihn unter „Zugang“ ein und senden Sie dann erneut."),
    "payment": Reason("Beim Anbieter fehlt eine gültige Zahlungsart", "Geht weiter, sobald sie hinterlegt ist", "Hinterlegen Sie im Konto beim Anbieter eine Zahlungsart und starten Sie den Kanal."),
    "credits": Reason("Das Guthaben beim Anbieter ist aufgebraucht", "Geht weiter, sobald wieder Guthaben da ist", "Laden Sie das Guthaben im Konto beim Anbieter auf und starten Sie den Kanal."),
    "setup": Reason("Der Kanal ist beim Anbieter nicht fertig eingerichtet", "Geht weiter, sobald er eingerichtet ist", "Öffnen Sie die Prüfung des Kanals."),
    "stopped": Reason("Die Person hat sich abgemeldet, bevor die Nachricht hinausging", "Wird nicht gesendet", "Sie müssen nichts tun."),
    "cancelled": Reason("Der Versand wurde abgebrochen", "Wird nicht gesendet", "Sie können an die nicht Erreichten senden."),
    "no_consent": Reason("Es liegt keine Einwilligung vor", "Wird nicht gesendet", "Bitten Sie um eine Anmeldung."),
    "no_template": Reason("Das Antwortfenster ist zu, und es wurde keine Vorlage gewählt", "Wird nicht gesendet", "Wählen Sie eine genehmigte Vorlage."),
    "barred": Reason("Diese Person ist bei Ihnen gesperrt", "Wird nicht gesendet", "Heben Sie die Sperre auf der Seite des Kontakts auf, wenn sie nicht mehr nötig ist."),
    "paused": Reason("Die Person hat den Empfang angehalten", "Wird nicht gesendet", "Sie müssen nichts tun."),
    "joined": Reason("Zwei Einträge derselben Person wurden zusammengeführt: Sie steht schon einmal in dieser Rundnachricht", "Wird nicht gesendet", "Sie müssen nichts tun."),
    "public": Reason("Dieser Weg ist öffentlich", "Wird nicht gesendet", "Antworten Sie in der Unterhaltung von Hand, oder wählen Sie einen anderen Weg."),
    "expired": Reason("Die Nachricht wurde zu alt, bevor sie gesendet werden konnte", "Wird nicht erneut versucht", "Prüfen Sie, ob sie noch gilt."),
    "unknown": Reason("Der Dienst meldet einen unbekannten Fehler", "Wird nicht erneut versucht", "Sehen Sie im Verlauf des Kanals nach."),
}  # fmt: skip
