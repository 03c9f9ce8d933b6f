from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DialogsConfig(AppConfig):
    name = "buergerdraht.dialogs"
    label = "dialogs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.accounts.rights import Right
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.conversations import page, sight
        from buergerdraht.dialogs import fates, shelf, thread_views

        page.BESIDE.append(thread_views.beside)
        sight.OPEN.append(shelf.may_have)

        contacts.joined.connect(fates.on_joined, dispatch_uid="dialogs.joined")
        contacts.parted.connect(fates.on_parted, dispatch_uid="dialogs.parted")
        contacts.stopped.connect(fates.on_stopped, dispatch_uid="dialogs.stopped")
        places.put_up(
            places.Place(
                "tables", "work", _("Tabellen"), "dialogs:tables", rank=60, rights=(Right.WRITE, Right.MANAGE),
                told=_("Listen, aus denen Dialoge antworten, etwa Abfuhrtermine"),
                also=_("CSV Daten Straßen"),
            ),
            places.Place(
                "files", "work", _("Dateien"), "dialogs:files", rank=65, rights=(Right.WRITE, Right.MANAGE),
                told=_("Bilder, Ton und Filme, die Dialoge und Tabellen nennen"),
                also=_("Bild Foto Video Audio PDF hochladen"),
            ),
            places.Place(
                "systems", "links", _("Systeme"), "dialogs:systems", rank=20,
                told=_("Fachverfahren, die Dialoge befragen und die Ereignisse melden"),
                also=_("Fachverfahren Abfrage HTTP Ereignis"),
            ),
        )  # fmt: skip
