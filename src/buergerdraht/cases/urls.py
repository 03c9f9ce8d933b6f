"""The console's pages of cases, by what they are about."""

from buergerdraht.cases import case_urls, list_urls, map_urls, setup_urls

app_name = "cases"
urlpatterns = [*list_urls.urlpatterns, *map_urls.urlpatterns, *setup_urls.urlpatterns, *case_urls.urlpatterns]
