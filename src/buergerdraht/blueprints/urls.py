from django.urls import path

from buergerdraht.blueprints import views

app_name = "blueprints"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<slug:key>/", views.detail, name="detail"),
]
