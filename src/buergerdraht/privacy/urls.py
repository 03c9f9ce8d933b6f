"""The operators' pages, under /o/<organisation>/."""

from django.urls import path

from buergerdraht.privacy import views

app_name = "privacy"

urlpatterns = [
    path("einstellungen/datenschutz/", views.log, name="log"),
    path("kontakte/<int:contact>/auskunft", views.contact_export, name="contact_export"),
    path("kontakte/<int:contact>/loeschen", views.contact_erase, name="contact_erase"),
]
