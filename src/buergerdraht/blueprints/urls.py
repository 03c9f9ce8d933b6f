from django.urls import path

from buergerdraht.blueprints import views

app_name = "blueprints"
urlpatterns = [
    path("einstellungen/bausteine/", views.listing, name="list"),
    path("einstellungen/bausteine/<slug:key>/", views.detail, name="detail"),
]
