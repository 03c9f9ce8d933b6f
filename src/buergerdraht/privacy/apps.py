from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "buergerdraht.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.accounts.rights import Right
        from buergerdraht.privacy import receivers, words  # noqa: F401 - connects what the rooms below ask for, puts up its shelf

        places.put_up(
            places.Place(
                "privacy", "data", _("Löschungen"), "privacy:log", rank=20, rights=(Right.PRIVACY,),
                told=_("Was gelöscht wurde und welche Fristen gelten"),
                also=_("Datenschutz DSGVO Auskunft Fristen"),
            ),
        )  # fmt: skip
