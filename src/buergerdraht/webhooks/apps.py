from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "buergerdraht.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places

        places.put_up(
            places.Place(
                "webhooks", "links", _("Webhooks"), "webhooks:list", rank=40,
                told=_("Andere Systeme sofort wissen lassen, was geschieht"),
                also=_("Ereignisse benachrichtigen Geheimnis"),
            ),
        )  # fmt: skip
