"""The door of every console page: signed in, a member here, with the right."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may


class DeskRequest(HttpRequest):
    """A request that came through `desk`."""

    organisation: Organisation
    membership: Membership
    memberships: list[Membership]
    operator: Operator
    asked_at: int  # ms since 1970; what happened from now on the page may not show yet

    def may(self, right: Right) -> bool:
        return may(self.membership, right)


def desk(right: Right) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let in members of the organisation in the address who have the right: others sign in, get 404 (strangers) or 403.

    A stranger must not learn which organisations exist, hence 404.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, organisation: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asked_at = time.time_ns() // 1_000_000
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            memberships = list(
                Membership.objects.filter(operator=request.user).select_related("organisation").order_by("organisation__name")
            )
            here = next((m for m in memberships if m.organisation.slug == organisation), None)
            if here is None:
                raise Http404
            inside = cast(DeskRequest, request)
            inside.organisation, inside.membership, inside.memberships = here.organisation, here, memberships
            inside.operator, inside.asked_at = request.user, asked_at
            inside.may = partial(may, here)  # type: ignore[method-assign]
            if not may(here, right):
                raise PermissionDenied
            return view(inside, *args, **kwargs)

        guarded.right = right  # type: ignore[attr-defined]
        return guarded

    return decorate
