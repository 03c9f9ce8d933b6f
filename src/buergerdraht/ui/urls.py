"""What makes the console an app on the home screen: at the root, because a worker's scope is the folder it lies in."""

from django.urls import path

from buergerdraht.ui import app_views

urlpatterns = [
    path("app.webmanifest", app_views.manifest, name="manifest"),
    path("worker.js", app_views.worker, name="worker"),
    path("ohne-verbindung/", app_views.offline, name="offline"),
]
