"""The settings of dialogs: systems, tables and files. The room's urls take them in."""

from django.urls import path

from buergerdraht.dialogs import event_views, files_urls, systems_views, tables_views

urlpatterns = [
    *files_urls.urlpatterns,
    path("einstellungen/systeme/", systems_views.listing, name="systems"),
    path("einstellungen/systeme/neu/", systems_views.add, name="system_add"),
    path("einstellungen/systeme/<int:number>/", systems_views.system, name="system"),
    path("einstellungen/systeme/<int:number>/geheimnis/", systems_views.secret, name="system_secret"),
    path("einstellungen/systeme/<int:number>/pruefen/", systems_views.sample, name="system_sample"),
    path("einstellungen/systeme/<int:number>/eingang/", event_views.word, name="system_word"),
    path("einstellungen/systeme/<int:number>/<slug:verb>/", systems_views.change, name="system_change"),
    path("einstellungen/tabellen/", tables_views.listing, name="tables"),
    path("einstellungen/tabellen/neu/", tables_views.add, name="table_add"),
    path("einstellungen/tabellen/<int:number>/", tables_views.table, name="table"),
    path("einstellungen/tabellen/<int:number>/tabelle.csv", tables_views.download, name="table_csv"),
    path("einstellungen/tabellen/<int:number>/datei/", tables_views.upload, name="table_upload"),
    path("einstellungen/tabellen/<int:number>/vorschau/", tables_views.preview, name="table_preview"),
    path("einstellungen/tabellen/<int:number>/zeile/neu/", tables_views.row, name="table_row_add"),
    path("einstellungen/tabellen/<int:number>/zeile/<int:place>/", tables_views.row, name="table_row"),
    path("einstellungen/tabellen/<int:number>/<slug:verb>/", tables_views.change, name="table_change"),
]
