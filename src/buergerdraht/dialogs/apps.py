from django.apps import AppConfig


class DialogsConfig(AppConfig):
    name = "buergerdraht.dialogs"
    label = "dialogs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.conversations import page
        from buergerdraht.dialogs import fates, thread_views

        page.BESIDE.append(thread_views.beside)

        contacts.joined.connect(fates.on_joined, dispatch_uid="dialogs.joined")
        contacts.parted.connect(fates.on_parted, dispatch_uid="dialogs.parted")
        contacts.stopped.connect(fates.on_stopped, dispatch_uid="dialogs.stopped")
