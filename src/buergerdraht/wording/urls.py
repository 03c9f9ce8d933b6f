"""The operators' pages, under /o/<organisation>/."""

from django.urls import path

from buergerdraht.wording import views

app_name = "wording"

urlpatterns = [
    path("einstellungen/wortlaut/", views.listing, name="list"),
    path("einstellungen/wortlaut/vorschau/", views.preview, name="preview"),
    path("einstellungen/wortlaut/saetze.csv", views.export, name="export"),
    path("einstellungen/wortlaut/einlesen/", views.bring, name="bring"),
]
