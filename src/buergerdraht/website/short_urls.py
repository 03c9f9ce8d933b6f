"""Short addresses, at /k/<code>."""

from django.urls import path

from buergerdraht.website import short_views

app_name = "short"
urlpatterns = [path("<slug:code>", short_views.follow, name="follow")]
