from django.urls import path

from buergerdraht.insights import desk_views, views

app_name = "insights"
urlpatterns = [
    path("", views.today, name="today"),
    path("zahlen/posteingang/", desk_views.page, name="desk"),
    path("zahlen/posteingang/tabelle/", desk_views.export, name="desk_export"),
]
