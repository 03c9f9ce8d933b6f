from django.urls import path

from buergerdraht.cases import map_views

urlpatterns = [
    path("anliegen/karte/", map_views.desk_map, name="map"),
    path("anliegen/karte/punkte/", map_views.points, name="map_points"),
    path("anliegen/karte/dichte/", map_views.heat, name="map_heat"),
    path("anliegen/karte/ortsteile/", map_views.districts, name="map_districts"),
    path("anliegen/karte/liste/", map_views.beside, name="map_list"),
]
