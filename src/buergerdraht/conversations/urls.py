from django.urls import path

from buergerdraht.conversations import views

app_name = "conversations"

urlpatterns = [
    path("posteingang/", views.inbox, name="inbox"),
    path("posteingang/liste/", views.list_rows, name="list"),
    path("posteingang/naechste/", views.next_waiting, name="next"),
    path("posteingang/<int:number>/", views.thread, name="thread"),
    path("posteingang/<int:number>/kopf/", views.head, name="head"),
    path("posteingang/<int:number>/verlauf/", views.messages, name="messages"),
    path("posteingang/<int:number>/verlauf/<int:message>/", views.message, name="message"),
    path("posteingang/<int:number>/antwort/", views.reply, name="reply"),
    path("posteingang/<int:number>/pruefen/", views.check, name="check"),
    path("posteingang/<int:number>/vorlage/", views.template, name="template"),
    path("posteingang/<int:number>/uebernehmen/", views.take, name="take"),
    path("posteingang/<int:number>/zuweisen/", views.assign, name="assign"),
    path("posteingang/<int:number>/erledigt/", views.close, name="close"),
    path("posteingang/<int:number>/oeffnen/", views.reopen, name="reopen"),
    path("posteingang/<int:number>/verlauf/<int:message>/erneut/", views.again, name="again"),
    path("posteingang/<int:number>/verlauf/<int:message>/klaeren/", views.settle, name="settle"),
]
