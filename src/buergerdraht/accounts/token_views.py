"""The settings page of other systems' tokens: the list, a new one shown once, and taking one away after a question."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from buergerdraht.accounts import tokens, vault
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.forms import SCOPE_GROUPS, TokenForm, scope_group
from buergerdraht.accounts.models import ApiToken
from buergerdraht.accounts.rest.scopes import SCOPES
from buergerdraht.accounts.rights import Right

NEW = "new_api_token"  # in the session, sealed, until it was shown
SOON = 30  # days before its end the list says so
SHOWN = 20  # that are no longer good


@require_safe
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponseBase:
    rows = ApiToken.objects.filter(organisation=request.organisation).select_related("created_by").prefetch_related("teams").order_by("-pk")
    found = list(rows)
    for row in found:
        may = _grouped(row.scopes)
        row.may, row.may_number = may, sum(len(words) for _title, words in may)  # type: ignore[attr-defined]
        row.ends_soon = (row.expires_at - timezone.now()).days < SOON  # type: ignore[attr-defined]
    sealed = request.session.pop(NEW, "")
    return render(request, "accounts/tokens.html", {
        "tab": "tokens", "good": [row for row in found if row.works], "gone": [row for row in found if not row.works][:SHOWN],
        "text": vault.decrypt(bytes.fromhex(sealed)) if sealed else "", "address": request.build_absolute_uri("/api/v1/"),
    })  # fmt: skip


def _grouped(scopes: list[str]) -> list[tuple[Any, list[Any]]]:
    """What a token may, in words, by what it is about."""
    known = [scope for scope in SCOPES if scope in scopes]
    groups = [
        (title, [SCOPES[scope] for scope in known if scope_group(scope) == n]) for n, (_rooms, title, _told) in enumerate(SCOPE_GROUPS)
    ]
    return [(title, words) for title, words in groups if words]


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def new(request: DeskRequest) -> HttpResponseBase:
    form = TokenForm(request.organisation, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            _token, text = tokens.make(
                request.organisation, data["name"], data["scopes"], days=data["days"], operator=request.operator, teams=data["teams"]
            )
        except ValidationError as problem:
            form.add_error(None, problem.messages[0])
        else:
            request.session[NEW] = vault.encrypt(text).hex()
            return redirect("accounts:tokens", request.organisation.slug)
    wrong = form.is_bound and bool(form.errors)
    return render(request, "accounts/token_new.html", {"form": form, "tab": "tokens"}, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def revoke(request: DeskRequest, number: int) -> HttpResponseBase:
    """Ask, and take a token away."""
    token = get_object_or_404(ApiToken.objects.select_related("organisation"), organisation=request.organisation, pk=number)
    if request.method != "POST" and token.works:
        return render(request, "accounts/token_revoke.html", {"token": token, "tab": "tokens"})
    if request.method == "POST" and tokens.revoke(token, operator=request.operator):
        messages.success(request, _("Widerrufen. „%(name)s“ kommt mit diesem Token nicht mehr herein.") % {"name": token.name})
    return redirect("accounts:tokens", request.organisation.slug)
