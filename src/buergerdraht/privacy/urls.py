"""The operators' page, under /o/<organisation>/."""

from django.urls import path

from buergerdraht.privacy import views

app_name = "privacy"

urlpatterns = [path("einstellungen/datenschutz/", views.log, name="log")]
