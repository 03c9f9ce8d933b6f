from django.urls import path

from buergerdraht.broadcasts import gallery, posting_views, views

app_name = "broadcasts"

urlpatterns = [
    path("rundnachrichten/", views.listing, name="list"),
    path("rundnachrichten/kalender/", views.calendar, name="calendar"),
    path("kanaele/galerie/", gallery.gallery, name="gallery"),
    path("rundnachrichten/neu/", views.new, name="new"),
    path("rundnachrichten/<int:number>/", views.detail, name="detail"),
    path("rundnachrichten/<int:number>/speichern/", views.save, name="save"),
    path("rundnachrichten/<int:number>/datei/", views.attach, name="attach"),
    path("rundnachrichten/<int:number>/datei/<uuid:media>/entfernen/", views.detach, name="detach"),
    path("rundnachrichten/<int:number>/test/", views.test, name="test"),
    path("rundnachrichten/<int:number>/test/telefon/", views.test_phone, name="test_phone"),
    path("rundnachrichten/<int:number>/stand/", views.progress, name="progress"),
    path("rundnachrichten/<int:number>/senden/", views.ask, name="ask"),
    path("rundnachrichten/<int:number>/personen/", views.recipients, name="recipients"),
    path("rundnachrichten/<int:number>/personen.csv", views.recipients_csv, name="recipients_csv"),
    path("rundnachrichten/<int:number>/beitrag/<int:posting>/", posting_views.posting, name="posting"),
    path("rundnachrichten/<int:number>/beitrag/<int:posting>/<slug:verb>/", posting_views.act, name="posting_act"),
    path("rundnachrichten/<int:number>/<slug:verb>/", views.act, name="act"),
]
