from django.apps import AppConfig


class MetersConfig(AppConfig):
    name = "buergerdraht.meters"
    label = "meters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.gateway import file_views
        from buergerdraht.meters import actions

        contacts.joined.connect(actions.on_joined, dispatch_uid="meters.joined")
        contacts.parted.connect(actions.on_parted, dispatch_uid="meters.parted")
        if actions.may_have_photo not in file_views.GUARDS:
            file_views.GUARDS.append(actions.may_have_photo)
