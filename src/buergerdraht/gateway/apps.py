from django.apps import AppConfig
from django.db.backends.signals import connection_created

from buergerdraht.gateway.database import steady_django


class GatewayConfig(AppConfig):
    name = "buergerdraht.gateway"
    label = "gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(steady_django)
