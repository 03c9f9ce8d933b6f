from django.urls import path

from buergerdraht.meters import views

app_name = "meters"
urlpatterns = [
    path("zaehler/", views.listing, name="list"),
    path("zaehler/bekannt/", views.known, name="known"),
    path("zaehler/export/", views.export, name="export"),
    path("zaehler/export/zurueck/", views.take_back, name="take_back"),
    path("zaehler/<int:number>/", views.settle, name="settle"),
]
