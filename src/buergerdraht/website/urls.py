from django.urls import path

from buergerdraht.website import views

app_name = "website"
urlpatterns = [
    path("<slug:organisation>/datenschutz", views.privacy, name="privacy"),
    path("<slug:organisation>/sprechstunde", views.consultations, name="consultations"),
    path("<slug:organisation>/impressum", views.imprint, name="imprint"),
]
