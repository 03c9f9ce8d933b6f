from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "buergerdraht.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
