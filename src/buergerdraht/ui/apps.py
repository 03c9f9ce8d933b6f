from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "buergerdraht.ui"
    label = "ui"
