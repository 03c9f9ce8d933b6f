"""What the codes of this room mean, for our people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Promise] = {
    "mail": _("E-Mail an eine Stelle"),
    "zammad": _("Zammad"),
    "open311": _("Open311-Server"),
}
HINTS: dict[str, Promise] = {
    "mail": _("Das Anliegen kommt als E-Mail an; eine Antwort auf die E-Mail erreicht die Bürger im Chat."),
    "zammad": _("Das Anliegen wird dort ein Vorgang; öffentliche Antworten und der Abschluss kommen zurück."),
    "open311": _("Das Anliegen wird einer anderen Behörde gemeldet; ihren Stand fragen wir regelmäßig ab."),
}
ICONS = {"mail": "mail", "zammad": "swap", "open311": "globe"}
PROBLEMS: dict[str, Promise] = {
    "mail": _("Der Mailserver hat die E-Mail nicht angenommen."),
    "no_such_address": _("Der Mailserver der Stelle kennt diese Adresse nicht."),
    "bounced": _("Die E-Mail kam als unzustellbar zurück."),
    "imap": _("Der Mailserver hat das Lesen des Postfachs abgebrochen."),
    "address_refused": _("Diese Adresse liegt im eigenen Netz oder ist nicht verschlüsselt erreichbar; dorthin wird nichts geschickt."),
    "not_found": _("Der Rechner dieser Adresse wurde nicht gefunden."),
    "unreachable": _("Unter dieser Adresse antwortet niemand."),
    "certificate": _("Das Zertifikat der Adresse gilt nicht."),
    "timeout": _("Das andere System hat nicht rechtzeitig geantwortet."),
    "redirected": _("Das andere System leitet weiter. Tragen Sie die endgültige Adresse ein."),
    "forbidden": _("Das andere System nimmt unsere Anmeldung nicht an. Prüfen Sie Schlüssel oder Kennwort."),
    "nothing_there": _("Unter dieser Adresse kennt das andere System nichts. Prüfen Sie die Adresse."),
    "busy": _("Das andere System ist gerade überlastet."),
    "broken": _("Das andere System meldet einen eigenen Fehler."),
    "refused": _("Das andere System hat das Anliegen abgelehnt. Oft fehlt ihm eine Pflichtangabe."),
    "unreadable": _("Die Antwort des anderen Systems ist nicht zu lesen."),
    "too_large": _("Die Antwort des anderen Systems ist zu groß."),
    "ours": _("Bei uns ist etwas schiefgegangen. Der Betrieb findet es im Protokoll des Programms."),
    "unmapped": _("Für diese Kategorie ist noch nicht gewählt, was ihr dort entspricht."),
    "misconfigured": _("Die Einstellungen dieser Brücke sind unvollständig."),
    "first": _("Das Anliegen selbst kam dort nicht an."),
}
OF_ONE = {"no_such_address", "bounced", "refused", "unmapped", "first", "too_large"}  # of a single case
STANDS = sorted(PROBLEMS.keys() - OF_ONE)  # of the whole bridge


def problem(code: str) -> str:
    return str(PROBLEMS.get(code, code))
