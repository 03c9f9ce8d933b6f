"""What the screens of dialogs share: finding the row, who may change it, the tabs above it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import reading
from buergerdraht.dialogs.forms import Setup
from buergerdraht.dialogs.knowing import House
from buergerdraht.dialogs.models import Dialog

TABS = (
    ("edit", _("Bearbeiten")), ("map", _("Karte")), ("texts", _("Übersetzungen")), ("examples", _("Beispiele")), ("walks", _("Verläufe")),
    ("versions", _("Versionen")),
)  # fmt: skip


def may_edit(request: DeskRequest) -> bool:
    return request.may(Right.WRITE) or request.may(Right.MANAGE)


def to_edit(request: DeskRequest) -> None:
    """Let in who may change dialogs."""
    if not may_edit(request):
        raise PermissionDenied


def found(request: DeskRequest, number: int) -> Dialog:
    rows = Dialog.objects.select_related("organisation", "live", "changed_by")
    return get_object_or_404(rows, organisation=request.organisation, pk=number)


def language(request: DeskRequest, row: Dialog) -> str:
    """The language at hand, as the page says."""
    asked = request.POST.get("sprache") or request.GET.get("sprache") or ""
    listed: list[str] = row.draft.get("languages", ["de"])
    return asked if asked in listed else listed[0]


def setup(request: DeskRequest, row: Dialog) -> Setup:
    return Setup(row.draft, language(request, row), House(request.organisation, row))


def stamp(request: DeskRequest) -> int:
    given = request.POST.get("stamp", "")
    return int(given) if given.isdigit() else -1


def frame(request: DeskRequest, row: Dialog, tab: str) -> dict[str, Any]:
    """What stands above every page of a dialog."""
    slug = request.organisation.slug
    return {
        "dialog": row, "badge": reading.badge(row), "may_edit": may_edit(request), "tab": tab,
        "tabs": [(name, words, reverse(f"dialogs:{name}", args=[slug, row.pk])) for name, words in TABS],
    }  # fmt: skip
