"""What a token may be good for: one table, asked by the door, the settings page and the description. A room adds its lines here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SCOPES = {
    "channels:read": _("Kanäle lesen"),
    "topics:read": _("Themen und Ortsteile lesen"),
    "contacts:read": _("Kontakte und ihre Abos lesen"),
    "contacts:write": _("Sprache, Ortsteil und Abos ändern"),
    "broadcasts:read": _("Rundnachrichten und ihre Zahlen lesen"),
    "broadcasts:write": _("Entwürfe von Rundnachrichten schreiben"),
    "conversations:read": _("Unterhaltungen lesen"),
    "conversations:answer": _("In Unterhaltungen antworten"),
}
