from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "buergerdraht.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.cases import beside, persons, sight
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.conversations import page
        from buergerdraht.gateway import file_views

        page.BESIDE.append(beside.beside)
        page.TURNS.append(beside.turn)
        contacts.stopped.connect(persons.on_stopped, dispatch_uid="cases.stopped")
        contacts.joined.connect(persons.on_joined, dispatch_uid="cases.joined")
        contacts.parted.connect(persons.on_parted, dispatch_uid="cases.parted")
        if sight.may_have_photo not in file_views.GUARDS:
            file_views.GUARDS.append(sight.may_have_photo)
        places.put_up(
            places.Place(
                "cases", "work", _("Anliegen"), "cases:setup", rank=30,
                told=_("Kategorien, Gebiet, Adressen und Firmen für Meldungen"),
                also=_("Mängel Zuständigkeit Karte Frist"),
            ),
        )  # fmt: skip
