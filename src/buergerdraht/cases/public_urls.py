"""The citizens' pages of reports, at /melden/<organisation>/."""

from django.urls import path, re_path

from buergerdraht.cases import feeds, public_views, spotting_views, web_views

app_name = "reports"
urlpatterns = [
    path("", public_views.listing, name="list"),
    path("karte.json", public_views.points, name="points"),
    path("meldungen.atom", feeds.atom, name="atom"),
    path("meldungen.rss", feeds.rss, name="rss"),
    path("meldungen.json", feeds.json_feed, name="json"),
    path("meldungen.geojson", feeds.geojson, name="geojson"),
    path("bild/<int:number>/", public_views.picture, name="picture"),
    path("ort/<str:token>/", spotting_views.spot, name="spot"),
    path("neu/", web_views.begin, name="new"),
    path("neu/<slug:category>/", web_views.report, name="form"),
    path("stand/<str:token>/", web_views.status, name="status"),
    path("stand/<str:token>/<slug:verb>/", web_views.act, name="act"),
    re_path(r"^(?P<number>\d{4}-\d{5,9})/$", public_views.detail, name="case"),
]
