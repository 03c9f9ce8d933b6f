from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "buergerdraht.insights"
    label = "insights"
