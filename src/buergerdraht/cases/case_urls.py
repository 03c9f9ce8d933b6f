"""The pages of one case, of firms, and of a case opened by hand; the case itself is last, because it takes any number."""

from django.urls import path, register_converter

from buergerdraht.cases import case_views, firm_views, new_views, photo_views


class Number:
    """A case's number in an address: "2026-00042"."""

    regex = r"\d{4}-\d{5,9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Number, "case")

urlpatterns = [
    path("anliegen/neu/", new_views.new, name="new"),
    path("anliegen/firmen/", firm_views.listing, name="firms"),
    path("anliegen/firmen/<int:firm>/", firm_views.edit, name="firm"),
    path("anliegen/<case:number>/anliegen.pdf", case_views.pdf, name="case_pdf"),
    path("anliegen/<case:number>/druck/", case_views.printed, name="case_print"),
    path("anliegen/<case:number>/foto/<int:photo>/", photo_views.cover, name="case_photo"),
    path("anliegen/<case:number>/foto/<int:photo>/original/", photo_views.original, name="case_original"),
    path("anliegen/<case:number>/foto/", photo_views.add, name="case_photos"),
    path("anliegen/<case:number>/aufgabe/<int:task>/<slug:verb>/", case_views.tick, name="case_tick"),
    path("anliegen/<case:number>/auftrag/<int:delegation>/zuruecknehmen/", firm_views.take_back, name="case_take_back"),
    path("anliegen/<case:number>/vorschau/<slug:verb>/", case_views.preview, name="case_preview"),
    path("anliegen/<case:number>/<slug:verb>/", case_views.act, name="case_act"),
    path("anliegen/<case:number>/", case_views.detail, name="case"),
]
