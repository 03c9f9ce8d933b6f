"""The settings page of the files that dialogs and tables name. The urls of the room's settings take it in."""

from django.urls import path

from buergerdraht.dialogs import files_views

urlpatterns = [
    path("einstellungen/dateien/", files_views.listing, name="files"),
    path("einstellungen/dateien/neu/", files_views.add, name="file_add"),
    path("einstellungen/dateien/<int:number>/", files_views.file, name="file"),
    path("einstellungen/dateien/<int:number>/entfernen/", files_views.remove, name="file_remove"),
]
