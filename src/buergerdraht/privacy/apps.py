from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "buergerdraht.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.privacy import receivers, words  # noqa: F401 - connects what the rooms below ask for, puts up its shelf
