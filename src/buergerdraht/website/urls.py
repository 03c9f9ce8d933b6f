from django.urls import path

from buergerdraht.website import archive_views, date_views, feeds, preference_views, reach_urls, subscribe_views, views

app_name = "website"
urlpatterns = [
    *reach_urls.paths,
    path("<slug:organisation>/", subscribe_views.start, name="start"),
    path("<slug:organisation>/abo", subscribe_views.subscribe, name="subscribe"),
    path("<slug:organisation>/abo/rahmen", subscribe_views.embedded, name="embedded"),
    path("<slug:organisation>/abo/einbetten", views.embed, name="embed"),
    path("<slug:organisation>/abo/bestaetigen/<str:token>/", subscribe_views.confirm, name="confirm"),
    path("<slug:organisation>/einstellungen/", preference_views.settings, name="settings"),
    path("<slug:organisation>/einstellungen/<str:token>/", preference_views.preferences, name="preferences"),
    path("<slug:organisation>/nachrichten/", archive_views.listing, name="archive"),
    path("<slug:organisation>/nachrichten/feed.atom", feeds.atom, name="atom"),
    path("<slug:organisation>/nachrichten/feed.rss", feeds.rss, name="rss"),
    path("<slug:organisation>/nachrichten/feed.json", feeds.json_feed, name="json_feed"),
    path("<slug:organisation>/kalender", date_views.coming, name="calendar"),
    path("<slug:organisation>/nachrichten/termine.ics", date_views.feed, name="calendar_feed"),
    path("<slug:organisation>/nachrichten/<slug:slug>/termin.ics", date_views.one, name="date"),
    path("<slug:organisation>/nachrichten/bild/<uuid:media>/", archive_views.picture, name="picture"),
    path("<slug:organisation>/nachrichten/<slug:slug>/", archive_views.message, name="message"),
    path("<slug:organisation>/datenschutz", views.privacy, name="privacy"),
    path("<slug:organisation>/impressum", views.imprint, name="imprint"),
    path("<slug:organisation>/barrierefreiheit", views.accessibility, name="accessibility"),
    path("<slug:organisation>/farben.css", views.colours_sheet, name="colours"),
    path("<slug:organisation>/logo", views.logo, name="logo"),
    path("<slug:organisation>/sprechstunde", subscribe_views.consultations, name="consultations"),
    path("<slug:organisation>/termine", subscribe_views.booking, name="booking"),
]
