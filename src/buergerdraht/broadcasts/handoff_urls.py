"""A prepared post on a telephone, at /beitrag/<token>/: no account."""

from django.urls import path, re_path

from buergerdraht.broadcasts import handoff_views

app_name = "handoff"
HERE = r"^(?P<token>[\w:-]{1,200})/"
urlpatterns = [
    re_path(HERE + r"$", handoff_views.show, name="show"),
    path("<str:token>/bild/<uuid:media>/", handoff_views.picture, name="picture"),
    re_path(HERE + r"(?P<verb>fertig|auslassen)/$", handoff_views.act, name="act"),
]
