from django.urls import path

from buergerdraht.insights import views

app_name = "insights"
urlpatterns = [path("", views.today, name="today")]
