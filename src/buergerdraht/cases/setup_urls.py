"""Setting cases up: what can be reported, where, who stands in."""

from django.urls import path
from django.urls.resolvers import URLPattern

from buergerdraht.cases import category_views, deputy_views, ground_views, setup_views

SETUP = "anliegen/einrichten/"
CATEGORIES, GROUND, DEPUTIES = f"{SETUP}kategorien/", f"{SETUP}gebiet/", f"{SETUP}vertretung/"
urlpatterns: list[URLPattern] = [
    path(SETUP, setup_views.setup, name="setup"),
    path(CATEGORIES, category_views.listing, name="categories"),
    path(f"{CATEGORIES}satz/", category_views.put, name="put_categories"),
    path(f"{CATEGORIES}neu/", category_views.new, name="category_new"),
    path(f"{CATEGORIES}<int:category>/", category_views.edit, name="category"),
    path(f"{CATEGORIES}<int:category>/entfernen/", category_views.remove, name="category_remove"),
    path(GROUND, ground_views.ground, name="ground"),
    path(f"{GROUND}flaeche/", ground_views.area, name="ground_area"),
    path(f"{GROUND}ortsteile/", ground_views.shapes, name="ground_shapes"),
    path(f"{GROUND}nachbarn/", ground_views.neighbours, name="ground_neighbours"),
    path(f"{GROUND}nachbarn/<int:place>/entfernen/", ground_views.part, name="ground_neighbour_remove"),
    path(f"{SETUP}adressen/", ground_views.doorways, name="doorways"),
    path(DEPUTIES, deputy_views.deputies, name="deputies"),
    path(f"{DEPUTIES}<int:deputy>/entfernen/", deputy_views.remove, name="deputy_remove"),
]
