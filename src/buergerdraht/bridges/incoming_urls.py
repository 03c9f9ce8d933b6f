"""What other systems call, at /bruecke/."""

from django.urls import path

from buergerdraht.bridges import incoming

app_name = "bridges_in"
urlpatterns = [path("zammad/<int:number>/", incoming.zammad_tells, name="zammad")]
