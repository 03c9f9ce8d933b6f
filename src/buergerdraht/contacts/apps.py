from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "buergerdraht.contacts"
    label = "contacts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.accounts.rights import Right

        places.put_up(
            places.Place(
                "topics", "ways", _("Themen"), "contacts:topics", rank=20, rights=(Right.READ,),
                told=_("Was man bei Ihnen abonnieren kann"),
                also=_("Abo Abonnement Newsletter Liste"),
            ),
            places.Place(
                "districts", "ways", _("Ortsteile"), "contacts:districts", rank=30, rights=(Right.CONTACTS,),
                told=_("Teile des Gebiets, um nur dort zu schreiben"),
                also=_("Bezirke Stadtteile Karte"),
            ),
        )  # fmt: skip
