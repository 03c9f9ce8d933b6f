from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils.translation import gettext_lazy as _

from buergerdraht.gateway.database import steady_django


class GatewayConfig(AppConfig):
    name = "buergerdraht.gateway"
    label = "gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import places
        from buergerdraht.accounts.models import Membership
        from buergerdraht.connectors import learned
        from buergerdraht.gateway import channels, live
        from buergerdraht.ui import marks

        marks.told_by(channels.look)
        learned.FOLDER = Path(settings.MEDIA_FOLDER) / "learned"  # the one folder that all machines share
        connection_created.connect(steady_django)
        for changed in (post_save, post_delete):
            changed.connect(live.on_member, sender=Membership, dispatch_uid="gateway.member")
        m2m_changed.connect(live.on_teams, sender=Membership.teams.through, dispatch_uid="gateway.teams")
        places.put_up(
            places.Place(
                "channels", "ways", _("Kanäle"), "gateway:channels", rank=10,
                told=_("Ihre Konten bei den Messengern: anlegen, prüfen, anhalten"),
                also=_("WhatsApp Telegram Signal Threema E-Mail SMS Matrix Facebook Newsletter Vorlagen QR-Code"),
            ),
        )  # fmt: skip
