from django.urls import path

from buergerdraht.webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("einstellungen/webhooks/", views.listing, name="list"),
    path("einstellungen/webhooks/neu/", views.new, name="new"),
    path("einstellungen/webhooks/<int:number>/", views.one, name="one"),
    path("einstellungen/webhooks/<int:number>/aendern/", views.change, name="change"),
    path("einstellungen/webhooks/<int:number>/probe/", views.probe, name="probe"),
    path("einstellungen/webhooks/<int:number>/schalten/", views.switch, name="switch"),
    path("einstellungen/webhooks/<int:number>/geheimnis/", views.rotate, name="rotate"),
    path("einstellungen/webhooks/<int:number>/entfernen/", views.remove, name="remove"),
    path("einstellungen/webhooks/<int:number>/nachsenden/", views.again, name="again"),
    path("einstellungen/webhooks/<int:number>/nachsenden/<int:delivery>/", views.again_one, name="again_one"),
]
