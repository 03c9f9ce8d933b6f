"""The console's pages of bridges: the settings, and what is done from the page of a case."""

from django.urls import path

from buergerdraht.bridges import case_views, views

app_name = "bridges"
urlpatterns = [
    path("einstellungen/weitergabe/", views.listing, name="list"),
    path("einstellungen/weitergabe/neu/<slug:kind>/", views.add, name="add"),
    path("einstellungen/weitergabe/<int:number>/", views.bridge, name="bridge"),
    path("einstellungen/weitergabe/<int:number>/zuordnung/", views.mapping, name="mapping"),
    path("einstellungen/weitergabe/<int:number>/<slug:verb>/", views.act, name="act"),
    path("anliegen/weitergabe/<int:number>/", case_views.hand_over, name="hand_over"),
    path("anliegen/weitergabe/<int:number>/zurueck/", case_views.take_back, name="take_back"),
    path("anliegen/weitergabe/<int:number>/noch-einmal/", case_views.retry, name="retry"),
]
