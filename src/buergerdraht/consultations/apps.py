from django.apps import AppConfig


class ConsultationsConfig(AppConfig):
    name = "buergerdraht.consultations"
    label = "consultations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.consultations import queue
        from buergerdraht.contacts import actions as contacts

        contacts.joined.connect(queue.on_joined, dispatch_uid="consultations.joined")
        contacts.stopped.connect(queue.on_stopped, dispatch_uid="consultations.stopped")
