from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "buergerdraht.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.cases import actions, sight
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.gateway import file_views

        contacts.stopped.connect(actions.on_stopped, dispatch_uid="cases.stopped")
        contacts.joined.connect(actions.on_joined, dispatch_uid="cases.joined")
        contacts.parted.connect(actions.on_parted, dispatch_uid="cases.parted")
        if sight.may_have_photo not in file_views.GUARDS:
            file_views.GUARDS.append(sight.may_have_photo)
