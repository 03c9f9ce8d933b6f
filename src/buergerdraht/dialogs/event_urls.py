from django.urls import path

from buergerdraht.dialogs import event_views

app_name = "events"
urlpatterns = [path("ereignis/<slug:organisation>/", event_views.tell, name="tell")]
