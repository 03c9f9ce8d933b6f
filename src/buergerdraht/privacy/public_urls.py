"""The citizen's page, at the top of the site."""

from django.urls import path

from buergerdraht.privacy import views

app_name = "access"

urlpatterns = [
    path("auskunft/<str:token>/", views.subject_access, name="show"),
    path("auskunft/<str:token>/datei/<uuid:media>", views.subject_file, name="file"),
]
