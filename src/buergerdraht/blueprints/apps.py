from django.apps import AppConfig


class BlueprintsConfig(AppConfig):
    name = "buergerdraht.blueprints"
    label = "blueprints"
