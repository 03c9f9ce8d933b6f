"""What a token may be good for: one table, asked by the door, the settings page and the description. A room adds its lines here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

REPORT = "cases:report"
SCOPES = {
    "channels:read": _("Kanäle lesen"),
    "topics:read": _("Themen und Ortsteile lesen"),
    "contacts:read": _("Kontakte und ihre Abos lesen"),
    "contacts:write": _("Sprache, Ortsteil und Abos ändern"),
    "broadcasts:read": _("Rundnachrichten und ihre Zahlen lesen"),
    "broadcasts:write": _("Entwürfe von Rundnachrichten schreiben"),
    "conversations:read": _("Unterhaltungen lesen"),
    "conversations:answer": _("In Unterhaltungen antworten"),
    "conversations:write": _("Unterhaltungen zuteilen, abschließen und ordnen"),
    "cases:read": _("Anliegen, ihren Verlauf und abgedeckte Bilder lesen"),
    "cases:write": _("Anliegen anlegen, zuteilen und ordnen"),
    "cases:answer": _("Den Stand von Anliegen ändern und Beteiligten antworten"),
    "appointments:read": _("Buchbare Termine und Buchungen lesen, ohne Namen"),
    "appointments:book": _("Termine buchen und verschieben"),
    "appointments:write": _("Gebuchte Termine absagen"),
    "consultations:read": _("Sprechstunden und ihre Warteschlange lesen, ohne Namen"),
    "meters:read": _("Zählerstände lesen, mit der Nummer des Zählers"),
    "dialogs:read": _("Dialoge und ihren Stand lesen"),
    "walks:read": _("Verläufe von Dialogen lesen; Antworten nur mit dem Recht, Kontakte zu lesen"),
    "tables:read": _("Tabellen von Dialogen lesen"),
    "tables:write": _("Tabellen von Dialogen ersetzen"),
    REPORT: _("Anliegen melden (Open311)"),
}
ELSEWHERE = frozenset({REPORT})  # opens no endpoint below /api/v1/: Open311 asks for it itself
