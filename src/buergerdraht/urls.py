"""Where each room is found. Console pages live under /o/<organisation>/."""

from django.urls import include, path

from buergerdraht.api import api

desk = [
    path("", include("buergerdraht.insights.urls")),
    path("", include("buergerdraht.conversations.urls")),
    path("", include("buergerdraht.broadcasts.urls")),
    path("", include("buergerdraht.website.desk_urls")),
    path("", include("buergerdraht.consultations.urls")),
    path("", include("buergerdraht.appointments.urls")),
    path("", include("buergerdraht.meters.urls")),
    path("", include("buergerdraht.cases.urls")),
    path("", include("buergerdraht.bridges.urls")),
    path("", include("buergerdraht.webhooks.urls")),
    path("", include("buergerdraht.dialogs.urls")),
    path("", include("buergerdraht.dialogs.thread_urls")),
    path("", include("buergerdraht.contacts.urls")),
    path("", include("buergerdraht.privacy.urls")),
    path("", include("buergerdraht.accounts.urls")),
    path("", include("buergerdraht.gateway.urls")),
    path("", include("buergerdraht.wording.urls")),
    path("", include("buergerdraht.watch.urls")),
    path("einstellungen/bausteine/", include("buergerdraht.blueprints.urls")),
]

handler429 = "buergerdraht.accounts.too_often.too_often"  # django-allauth asks for it

urlpatterns = [
    path("", include("buergerdraht.accounts.entrance")),
    path("p/", include("buergerdraht.website.urls")),
    path("k/", include("buergerdraht.website.short_urls")),
    path("melden/<slug:organisation>/", include("buergerdraht.cases.public_urls")),
    path("beitrag/", include("buergerdraht.broadcasts.handoff_urls")),
    path("auftrag/", include("buergerdraht.cases.link_urls")),
    path("bruecke/", include("buergerdraht.bridges.incoming_urls")),
    path("open311/", include("buergerdraht.cases.open311.urls")),
    path("", include("buergerdraht.privacy.public_urls")),
    path("", include("buergerdraht.dialogs.event_urls")),
    path("", include("buergerdraht.ui.urls")),
    path("api/v1/", api.urls),
    path("konto/benachrichtigungen/", include("buergerdraht.conversations.own_urls")),
    path("o/<slug:organisation>/", include(desk)),
]
