from django.urls import path

from buergerdraht.appointments import offer_views, views

app_name = "appointments"
urlpatterns = [
    path("termine/", views.listing, name="list"),
    path("termine/tag.csv", views.day_csv, name="day_csv"),
    path("termine/tag.ics", views.day_ics, name="day_ics"),
    path("termine/neu/", views.new, name="new"),
    path("termine/angebote/", offer_views.offers, name="offers"),
    path("termine/angebote/neu/", offer_views.new_offer, name="new_offer"),
    path("termine/angebote/<int:offer>/", offer_views.edit_offer, name="offer"),
    path("termine/schliesstage/", offer_views.closures, name="closures"),
    path("termine/schliesstage/<int:closure>/entfernen/", offer_views.lift, name="lift"),
    path("termine/<int:number>/", views.detail, name="detail"),
    path("termine/<int:number>/termin.ics", views.one_ics, name="ics"),
    path("termine/<int:number>/verschieben/", views.move, name="move"),
    path("termine/<int:number>/absagen/", views.cancel, name="cancel"),
    path("termine/<int:number>/<slug:verb>/", views.mark, name="mark"),
]
