from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "buergerdraht.watch"
    label = "watch"

    def ready(self) -> None:
        from buergerdraht.ui.templatetags.ui import NUMBERS
        from buergerdraht.watch.views import open_alarms

        NUMBERS["watch:delivery"] = open_alarms
