from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "buergerdraht.appointments"
    label = "appointments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.appointments import actions
        from buergerdraht.appointments.views import turn
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.conversations import page

        page.TURNS.append(turn)
        contacts.stopped.connect(actions.on_stopped, dispatch_uid="appointments.stopped")
        contacts.joined.connect(actions.on_joined, dispatch_uid="appointments.joined")
        contacts.parted.connect(actions.on_parted, dispatch_uid="appointments.parted")
