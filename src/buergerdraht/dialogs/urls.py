from django.urls import path

from buergerdraht.dialogs import map_views, phone_views, systems_urls, text_views, version_views, views

app_name = "dialogs"
urlpatterns = [
    *systems_urls.urlpatterns,
    path("dialoge/", views.listing, name="list"),
    path("dialoge/neu/", views.new, name="new"),
    path("dialoge/<int:number>/", views.edit, name="edit"),
    path("dialoge/<int:number>/palette/", views.palette, name="palette"),
    path("dialoge/<int:number>/kopf/", views.head, name="head"),
    path("dialoge/<int:number>/datei", views.export, name="export"),
    path("dialoge/<int:number>/schritte/", views.add, name="add"),
    path("dialoge/<int:number>/abschnitte/", views.add_section, name="add_section"),
    path("dialoge/<int:number>/schritte/<slug:verb>/", views.turn, name="turn"),
    path("dialoge/<int:number>/schritt/<slug:key>/", views.step, name="step"),
    path("dialoge/<int:number>/schritt/<slug:key>/datei/", views.attach, name="attach"),
    path("dialoge/<int:number>/schritt/<slug:key>/<slug:verb>/", views.act, name="act"),
    path("dialoge/<int:number>/telefon/", phone_views.phone, name="phone"),
    path("dialoge/<int:number>/karte/", map_views.overview, name="map"),
    path("dialoge/<int:number>/karte/<slug:key>/", map_views.misunderstood, name="misunderstood"),
    path("dialoge/<int:number>/texte/", text_views.texts, name="texts"),
    path("dialoge/<int:number>/texte/speichern/", text_views.save, name="save_text"),
    path("dialoge/<int:number>/texte/einlesen/", text_views.bring, name="bring_texts"),
    path("dialoge/<int:number>/texte/texte.<slug:ending>", text_views.export, name="export_texts"),
    path("dialoge/<int:number>/beispiele/", version_views.examples, name="examples"),
    path("dialoge/<int:number>/beispiele/stand/", version_views.proofs, name="proofs"),
    path("dialoge/<int:number>/beispiele/merken/", version_views.record, name="record"),
    path("dialoge/<int:number>/beispiele/<int:example>/<slug:verb>/", version_views.example, name="example"),
    path("dialoge/<int:number>/verlaeufe/", version_views.walks, name="walks"),
    path("dialoge/<int:number>/verlaeufe.csv", version_views.walks_csv, name="walks_csv"),
    path("dialoge/<int:number>/versionen/", version_views.versions, name="versions"),
    path("dialoge/<int:number>/versionen/veroeffentlichen/", version_views.publish, name="publish"),
    path("dialoge/<int:number>/qr/<int:channel>/<slug:key>.<slug:ending>", version_views.qr, name="qr"),
    path("dialoge/<int:number>/versionen/<slug:key>/", version_views.version, name="version"),
    path("dialoge/<int:number>/versionen/<slug:key>/holen/", version_views.revert, name="revert"),
    path("dialoge/<int:number>/stand/<slug:verb>/", views.state, name="state"),
]
