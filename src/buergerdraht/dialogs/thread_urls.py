from django.urls import path

from buergerdraht.dialogs import thread_views as views

app_name = "walks"
urlpatterns = [
    path("posteingang/dialog/<int:number>/<slug:verb>/", views.act, name="act"),
    path("posteingang/<int:number>/dialog/", views.begin, name="begin"),
    path("posteingang/<int:number>/dialog/stand/", views.piece, name="beside"),
]
