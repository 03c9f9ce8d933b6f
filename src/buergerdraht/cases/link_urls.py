"""The firm's page, at /auftrag/<token>/: no account, no script."""

from django.urls import path, re_path

from buergerdraht.cases import link_views

app_name = "delegations"
HERE = r"^(?P<token>[\w-]{1,100})/"
urlpatterns = [
    re_path(HERE + r"$", link_views.show, name="show"),
    re_path(HERE + r"bild/(?P<photo>\d{1,18})/$", link_views.picture, name="picture"),
    re_path(HERE + r"(?P<verb>annehmen|schreiben|fotos|erledigt|nicht-moeglich)/$", link_views.act, name="act"),
    path("<path:rest>", link_views.nothing),
]
