"""What other systems can be told: one table, for the screen, the envelope and the handbook."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PREFIX = "de.buergerdraht."
TEST = "test"


class Kind(NamedTuple):
    """`subject`: the name of the id it is about; `path`: of the REST API's resource, with the event's ids in it."""

    title: Promise
    subject: str
    path: str


KINDS: dict[str, Kind] = {
    "case.opened": Kind(_("Ein Anliegen ist da"), "case", "cases/{case}"),
    "case.moved": Kind(_("Ein Anliegen hat einen neuen Stand"), "case", "cases/{case}"),
    "case.answered": Kind(_("Die Beteiligten eines Anliegens haben eine Antwort"), "case", "cases/{case}"),
    "case.assigned": Kind(_("Ein Anliegen hat jemand anderen oder ein anderes Team"), "case", "cases/{case}"),
    "case.followed": Kind(_("Jemand folgt einem Anliegen"), "case", "cases/{case}/followers"),
    "conversation.opened": Kind(_("Eine Unterhaltung braucht einen Menschen"), "conversation", "conversations/{conversation}"),
    "conversation.closed": Kind(_("Eine Unterhaltung ist abgeschlossen"), "conversation", "conversations/{conversation}"),
    "conversation.assigned": Kind(_("Eine Unterhaltung ist zugeteilt"), "conversation", "conversations/{conversation}"),
    "message.received": Kind(_("Jemand hat geschrieben"), "message", "conversations/{conversation}/messages"),
    "message.sent": Kind(_("Eine Nachricht von uns geht hinaus"), "message", "conversations/{conversation}/messages"),
    "contact.created": Kind(_("Jemand schreibt zum ersten Mal"), "contact", "contacts/{contact}"),
    "subscription.confirmed": Kind(_("Jemand hat ein Abo bestätigt"), "contact", "contacts/{contact}/subscriptions"),
    "subscription.ended": Kind(_("Jemand hat ein Abo beendet"), "contact", "contacts/{contact}/subscriptions"),
    "broadcast.started": Kind(_("Eine Rundnachricht geht hinaus"), "broadcast", "broadcasts/{broadcast}"),
    "broadcast.finished": Kind(_("Eine Rundnachricht ist fertig oder angehalten"), "broadcast", "broadcasts/{broadcast}"),
    "channel.broken": Kind(_("Ein Kanal steht still"), "channel", "channels"),
    "channel.running": Kind(_("Ein Kanal läuft wieder"), "channel", "channels"),
}
PROBE = Kind(_("Probe"), "hook", "token")


def kind(what: str) -> Kind:
    return PROBE if what == TEST else KINDS[what]
