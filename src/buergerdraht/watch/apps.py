from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "buergerdraht.watch"
    label = "watch"
