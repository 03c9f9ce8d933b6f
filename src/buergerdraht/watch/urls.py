from django.urls import path

from buergerdraht.watch import alarm_views, views

app_name = "watch"

urlpatterns = [
    path("zustellung/", views.delivery, name="delivery"),
    path("zustellung/kanal/<int:channel>/", views.channel, name="channel"),
    path("zustellung/kanal/<int:channel>/pruefempfaenger/", alarm_views.probe, name="probe"),
    path("zustellung/ungeklaert/", views.doubts, name="unclear"),
    path("zustellung/ungeklaert/entscheiden/", views.settle, name="settle"),
    path("zustellung/nicht-verarbeitet/", views.kept, name="kept"),
    path("zustellung/nicht-verarbeitet/wiederholen/", views.replay, name="replay"),
    path("zustellung/nicht-verarbeitet/verwerfen/", views.dismiss, name="dismiss"),
    path("zustellung/abgleich/", alarm_views.reconciliation, name="reconciliation"),
    path("zustellung/alarme/", alarm_views.alarms, name="alarms"),
    path("zustellung/alarme/empfaenger/", alarm_views.add_receiver, name="add_receiver"),
    path("zustellung/alarme/empfaenger/<int:receiver>/", alarm_views.receiver, name="receiver"),
]
