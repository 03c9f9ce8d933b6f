from django.urls import path

from buergerdraht.consultations import views

app_name = "consultations"
urlpatterns = [
    path("sprechstunden/", views.listing, name="list"),
    path("sprechstunden/neu/", views.new, name="new"),
    path("sprechstunden/<int:number>/", views.hall, name="hall"),
    path("sprechstunden/<int:number>/schlange/", views.line, name="line"),
    path("sprechstunden/<int:number>/aendern/", views.edit, name="edit"),
    path("sprechstunden/<int:number>/naechste/", views.call, name="call"),
    path("sprechstunden/<int:number>/gast/<int:guest>/<slug:verb>/", views.treat, name="treat"),
    path("sprechstunden/<int:number>/<slug:verb>/", views.change, name="change"),
]
