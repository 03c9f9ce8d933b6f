from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "buergerdraht.house"
    label = "house"
