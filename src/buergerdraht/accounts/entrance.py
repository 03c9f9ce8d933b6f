"""The doors: the start address, signing in, invitations, one's own profile.

Only those pages of the sign-in library that we show are mounted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as usersessions
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from buergerdraht.accounts import actions
from buergerdraht.accounts.forms import JoinForm, ProfileForm
from buergerdraht.accounts.models import Membership, Operator

# What rooms above put on the profile page: each answers with safe HTML. They register in their `apps.py`: this room knows none of them.
SECTIONS: list[Callable[[HttpRequest], str]] = []


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Send people to the first organisation they work for."""
    membership = (
        Membership.objects.filter(operator=cast(Operator, request.user))
        .select_related("organisation")
        .order_by("organisation__name")
        .first()
    )
    if membership is None:
        return render(request, "accounts/nowhere.html")
    return redirect("insights:today", membership.organisation.slug)


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = actions.find_invitation(token)
    if found is None:
        return render(request, "accounts/invitation_gone.html", status=404)
    known = Operator.objects.filter(email=found.email).exists()
    form = JoinForm(request.POST or None, initial={"name": found.name})
    if known:  # they have a password already, and keep it
        form.fields.pop("password")
    if request.method == "POST" and form.is_valid():
        try:
            actions.accept(found, name=form.cleaned_data["name"], password=form.cleaned_data.get("password", ""))
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            messages.success(request, _("Willkommen. Bitte melden Sie sich jetzt an."))
            return redirect("account_login")
    return render(request, "accounts/invitation.html", {"form": form, "invitation": found, "known": known})


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=cast(Operator, request.user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Gespeichert."))
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form, "sections": [section(request) for section in SECTIONS]})


def live(request: HttpRequest, organisation: str) -> HttpResponse:
    """Hold the address of the live updates, which the ASGI roof answers before Django is asked."""
    raise Http404


urlpatterns = [
    path("", start, name="start"),
    path("o/<slug:organisation>/live", live, name="live"),
    path("einladung/<str:token>/", invitation, name="invitation"),
    path("konto/profil/", profile, name="profile"),
    path("konto/anmelden/", account.login, name="account_login"),
    path("konto/abmelden/", account.logout, name="account_logout"),
    path("konto/bestaetigen/", account.reauthenticate, name="account_reauthenticate"),
    path("konto/passwort/", account.password_change, name="account_change_password"),
    path("konto/passwort/vergessen/", account.password_reset, name="account_reset_password"),
    path("konto/passwort/vergessen/gesendet/", account.password_reset_done, name="account_reset_password_done"),
    path("konto/passwort/neu/fertig/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    # The key holds hyphens itself, so only the first one parts it from the id.
    re_path(
        r"^konto/passwort/neu/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("konto/zweiter-schritt/", mfa.index, name="mfa_index"),
    path("konto/zweiter-schritt/eingeben/", mfa.authenticate, name="mfa_authenticate"),
    path("konto/zweiter-schritt/bestaetigen/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("konto/zweiter-schritt/einrichten/", totp.activate_totp, name="mfa_activate_totp"),
    path("konto/zweiter-schritt/abschalten/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("konto/notfallcodes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("konto/notfallcodes/neu/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("konto/notfallcodes/datei/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("konto/geraete/", usersessions.list_usersessions, name="usersessions_list"),
    # Names the library asks for though nobody may use them: they lead nowhere.
    path("konto/gesperrt/", account.account_inactive, name="account_inactive"),
]
