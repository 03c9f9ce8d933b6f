from django.urls import path

from buergerdraht.accounts import token_views, views

app_name = "accounts"

urlpatterns = [
    path("einstellungen/", views.settings, name="settings"),
    path("einstellungen/uebersicht/", views.overview, name="overview"),
    path("einstellungen/texte/", views.texts, name="texts"),
    path("einstellungen/zeiten/", views.opening, name="hours"),
    path("einstellungen/regeln/", views.rules, name="rules"),
    path("einstellungen/team/", views.team, name="team"),
    path("einstellungen/team/einladen/", views.invite, name="invite"),
    path("einstellungen/team/einladung/<int:number>/zurueckziehen/", views.withdraw, name="withdraw"),
    path("einstellungen/team/<int:number>/", views.member, name="member"),
    path("einstellungen/team/<int:number>/entfernen/", views.remove, name="remove"),
    path("einstellungen/team/neu/", views.team_new, name="team_new"),
    path("einstellungen/team/gruppe/<int:number>/entfernen/", views.team_remove, name="team_remove"),
    path("einstellungen/schnittstellen/", token_views.listing, name="tokens"),
    path("einstellungen/schnittstellen/neu/", token_views.new, name="token_new"),
    path("einstellungen/schnittstellen/<int:number>/widerrufen/", token_views.revoke, name="token_revoke"),
    path("einstellungen/protokoll/", views.log, name="audit"),
    path("einstellungen/protokoll.csv", views.log_csv, name="audit_csv"),
]
