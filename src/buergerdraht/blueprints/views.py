"""Ready set-ups: look at them, see what they would do, switch them on."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.models import SwitchedOn
from buergerdraht.blueprints.reading import all_blueprints

if TYPE_CHECKING:
    from buergerdraht.accounts.desk import DeskRequest

KINDS = {
    "topic": gettext_lazy("Themen"),
    "text": gettext_lazy("Texte"),
    "team": gettext_lazy("Teams"),
    "draft": gettext_lazy("Entwürfe für Rundnachrichten"),
    "label": gettext_lazy("Kennzeichen"),
    "answer": gettext_lazy("Gespeicherte Antworten"),
    "rule": gettext_lazy("Zuweisung"),
    "desk": gettext_lazy("Posteingang"),
    "consultation": gettext_lazy("Erste Sprechstunde (Entwurf)"),
    "files": gettext_lazy("Bilder, Töne und Videos"),
    "table": gettext_lazy("Tabellen mit Musterdaten"),
    "offer": gettext_lazy("Termine, die man buchen kann"),
    "category": gettext_lazy("Was gemeldet werden kann"),
    "dialog": gettext_lazy("Dialoge"),
}


@require_safe
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponse:
    newest = {row.key: row for row in SwitchedOn.objects.filter(organisation=request.organisation).order_by("at")}
    blueprints = [(blueprint, newest.get(blueprint.key)) for blueprint in all_blueprints().values()]
    return render(request, "blueprints/list.html", {"blueprints": blueprints, "tab": "blueprints"})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def detail(request: DeskRequest, key: str) -> HttpResponse:
    blueprint = all_blueprints().get(key)
    if blueprint is None:
        raise Http404
    if request.method == "POST":
        new = actions.switch_on(request.organisation, blueprint, operator=request.operator)
        messages.success(request, _switched(len(new)))
        return redirect("blueprints:detail", request.organisation.slug, key)
    steps = actions.plan(request.organisation, blueprint)
    groups = [(KINDS[kind], list(some)) for kind, some in groupby(steps, lambda step: step.kind)]
    newest = SwitchedOn.objects.filter(organisation=request.organisation, key=key).select_related("operator").order_by("-at").first()
    context = {"blueprint": blueprint, "groups": groups, "newest": newest, "new": sum(step.is_new for step in steps)}
    return render(request, "blueprints/detail.html", context)


def _switched(count: int) -> str:
    if not count:
        return _("Es war schon alles da. Nichts wurde geändert.")
    return ngettext("Eingeschaltet: ein Teil ist neu.", "Eingeschaltet: %(count)s Teile sind neu.", count) % {"count": count}
