from django.apps import AppConfig


class WebsiteConfig(AppConfig):
    name = "buergerdraht.website"
    label = "website"
