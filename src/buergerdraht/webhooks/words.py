"""Plain words for what became of a call (law 17)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.webhooks.models import Delivery, Hook

PROBLEMS: dict[str, Promise] = {
    "gone": gettext_lazy("Die Adresse gibt es nicht mehr (410)."),
    "redirected": gettext_lazy("Die Adresse leitet weiter. Tragen Sie die neue ein."),
    "broken": gettext_lazy("Das andere System meldet einen Fehler bei sich."),
    "refused": gettext_lazy("Das andere System nimmt es nicht an."),
    "address_refused": gettext_lazy("Die Adresse führt in ein Netz, das wir nicht anrufen dürfen."),
    "certificate": gettext_lazy("Das Zertifikat der Adresse gilt nicht."),
    "not_found": gettext_lazy("Den Namen der Adresse gibt es nicht."),
    "timeout": gettext_lazy("Das andere System hat nicht rechtzeitig geantwortet."),
    "unreachable": gettext_lazy("Die Adresse ist nicht zu erreichen."),
}
REASONS: dict[str, Promise] = {
    Hook.Reason.GONE: gettext_lazy("Abgeschaltet: Die Adresse hat geantwortet, dass es sie nicht mehr gibt."),
    Hook.Reason.FAILING: gettext_lazy("Abgeschaltet: Die Adresse war einen ganzen Tag lang nicht zu erreichen."),
    Hook.Reason.SWITCHED: gettext_lazy("Von Ihnen ausgeschaltet."),
}


def state(row: Delivery) -> tuple[str, str]:
    """Say how a delivery stands: tone and word of its badge."""
    if row.done_at:
        return "success", _("angekommen")
    if row.next_at is None:
        return "danger", _("aufgegeben")
    return ("warning", _("wird wieder versucht")) if row.tries else ("info", _("unterwegs"))


def problem(row: Delivery) -> str:
    if not row.problem:
        return ""
    said = str(PROBLEMS.get(row.problem, _("Es hat nicht geklappt.")))
    return f"{said} ({row.status})" if row.status and str(row.status) not in said else said
