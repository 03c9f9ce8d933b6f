from django.urls import path

from buergerdraht.website import desk_views

app_name = "site"
urlpatterns = [
    path("internetseite/", desk_views.listing, name="list"),
    path("internetseite/aussehen/", desk_views.look, name="look"),
    path("internetseite/rechtliches/", desk_views.texts, name="texts"),
    path("internetseite/links/", desk_views.links, name="links"),
    path("internetseite/links/kurz/", desk_views.shorten, name="shorten"),
    path("internetseite/links/<int:number>/", desk_views.change_link, name="change_link"),
    path("internetseite/links/<int:number>/qr.svg", desk_views.link_code, name="link_code"),
    path("internetseite/aushang/", desk_views.paper, name="paper"),
    path("internetseite/zeigen/<int:number>/", desk_views.choose, name="choose"),
    path("internetseite/termin/<int:number>/", desk_views.date_of, name="date"),
    path("internetseite/<int:number>/", desk_views.change, name="change"),
]
