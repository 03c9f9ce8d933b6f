from django.urls import path

from buergerdraht.cases import board_views, figures_views, list_views

urlpatterns = [
    path("anliegen/", list_views.listing, name="list"),
    path("anliegen/anliegen.csv", list_views.export_csv, name="export_csv"),
    path("anliegen/anliegen.geojson", list_views.export_geojson, name="export_geojson"),
    path("anliegen/mehrere/", list_views.bulk, name="bulk"),
    path("anliegen/mehrere/zurueck/", list_views.bulk_undo, name="bulk_undo"),
    path("anliegen/ansichten/", list_views.view_keep, name="view_keep"),
    path("anliegen/ansichten/<int:view>/entfernen/", list_views.view_drop, name="view_drop"),
    path("anliegen/tafel/", board_views.board, name="board"),
    path("anliegen/tafel/<str:number>/", board_views.move, name="board_move"),
    path("anliegen/statistik/", figures_views.page, name="figures"),
    path("anliegen/statistik/tabelle/", figures_views.export, name="figures_export"),
]
