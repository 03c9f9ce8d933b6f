"""Contacts, topics and districts, under /o/<organisation>/."""

from django.urls import path

from buergerdraht.contacts import importing_views, topic_views, views, ways_views

app_name = "contacts"

urlpatterns = [
    path("kontakte/", views.listing, name="list"),
    path("kontakte/export", views.export, name="export"),
    path("kontakte/import/", importing_views.upload, name="import"),
    path("kontakte/import/<int:upload>/", importing_views.review, name="import_review"),
    path("kontakte/import/<int:upload>/fehler.csv", importing_views.problems, name="import_problems"),
    path("kontakte/<int:contact>/", views.detail, name="detail"),
    path("kontakte/<int:contact>/angaben", views.edit, name="edit"),
    path("kontakte/<int:contact>/abos", views.change_subscription, name="subscription"),
    path("kontakte/<int:contact>/sperren", views.bar, name="bar"),
    path("kontakte/<int:contact>/zusammenfuehren", views.join, name="join"),
    path("kontakte/<int:contact>/trennen", views.part, name="part"),
    path("kontakte/<int:contact>/wege", ways_views.order, name="ways"),
    path("kontakte/kanal/<int:channel>/verloren", ways_views.lost, name="lost"),
    path("themen/", topic_views.listing, name="topics"),
    path("themen/neu", topic_views.edit, name="topic_new"),
    path("themen/<int:topic>/", topic_views.edit, name="topic"),
    path("themen/<int:topic>/reihenfolge", topic_views.move, name="topic_move"),
    path("themen/<int:topic>/archiv", topic_views.archive, name="topic_archive"),
    path("themen/<int:topic>/qr/<int:channel>.<str:ending>", topic_views.qr, name="topic_qr"),
    path("ortsteile/", topic_views.districts, name="districts"),
    path("ortsteile/<int:district>/", topic_views.district, name="district"),
]
