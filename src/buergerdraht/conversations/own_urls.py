"""What operators decide for themselves, whatever organisation they work for: which of their devices are woken, and of what."""

from django.urls import path

from buergerdraht.conversations import push_views

urlpatterns = [
    path("", push_views.wish, name="push_wish"),
    path("geraet/", push_views.add, name="push_add"),
    path("geraet/<int:device>/probe/", push_views.test, name="push_test"),
    path("geraet/<int:device>/entfernen/", push_views.remove, name="push_remove"),
]
