from django.urls import path

from buergerdraht.gateway import file_views, views

app_name = "gateway"

urlpatterns = [
    path("datei/<uuid:media_id>", file_views.file, name="file"),
    path("einstellungen/kanaele/", views.overview, name="channels"),
    path("einstellungen/kanaele/neu/", views.choose, name="choose"),
    path("einstellungen/kanaele/neu/<slug:kind>/", views.add, name="add"),
    path("einstellungen/kanaele/<int:number>/", views.channel, name="channel"),
    path("einstellungen/kanaele/<int:number>/einstellungen/", views.edit, name="edit"),
    path("einstellungen/kanaele/<int:number>/pruefen/", views.check, name="check"),
    path("einstellungen/kanaele/<int:number>/starten/", views.start, name="start"),
    path("einstellungen/kanaele/<int:number>/anhalten/", views.pause, name="pause"),
    path("einstellungen/kanaele/<int:number>/leerlaufen/", views.drain, name="drain"),
    path("einstellungen/kanaele/<int:number>/fortsetzen/", views.resume, name="resume"),
    path("einstellungen/kanaele/<int:number>/probe/", views.test, name="test"),
    path("einstellungen/kanaele/<int:number>/erneuern/<slug:field>/", views.renew, name="renew"),
    path("einstellungen/kanaele/<int:number>/qr.svg", views.qr, name="qr"),
    path("einstellungen/kanaele/<int:number>/anbieterdatei", views.handout, name="handout"),
    path("einstellungen/kanaele/<int:number>/vorlagen/", views.templates, name="templates"),
    path("einstellungen/kanaele/<int:number>/vorlagen/abgleichen/", views.sync, name="sync"),
    path("einstellungen/kanaele/<int:number>/verlauf/", views.traffic, name="traffic"),
    path("einstellungen/kanaele/<int:number>/verlauf/<int:event>/wiederholen/", views.replay, name="replay"),
]
