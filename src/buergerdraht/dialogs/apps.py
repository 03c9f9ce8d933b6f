from django.apps import AppConfig


class DialogsConfig(AppConfig):
    name = "buergerdraht.dialogs"
    label = "dialogs"
    default_auto_field = "django.db.models.BigAutoField"
