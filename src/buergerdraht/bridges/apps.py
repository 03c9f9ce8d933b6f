from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BridgesConfig(AppConfig):
    name = "buergerdraht.bridges"
    label = "bridges"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from buergerdraht.accounts import places
        from buergerdraht.bridges import actions, beside
        from buergerdraht.cases import blocks, history
        from buergerdraht.cases.models import Case, Entry

        post_save.connect(actions.on_entry, sender=Entry, dispatch_uid="bridges.entry")
        post_save.connect(actions.on_case, sender=Case, dispatch_uid="bridges.case")
        history.SPOKEN |= dict.fromkeys(beside.SAID, beside.said)
        if beside.draw not in blocks.BLOCKS:
            blocks.BLOCKS.append(beside.draw)
        places.put_up(
            places.Place(
                "bridges", "links", _("Weitergabe"), "bridges:list", rank=10,
                told=_("Anliegen an andere Programme geben und deren Antworten zurückholen"),
                also=_("Open311 Mängelmelder Ticket E-Mail Brücke"),
            ),
        )  # fmt: skip
