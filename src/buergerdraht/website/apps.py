from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebsiteConfig(AppConfig):
    name = "buergerdraht.website"
    label = "website"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save, pre_delete

        from buergerdraht.accounts import places
        from buergerdraht.accounts.models import Organisation
        from buergerdraht.broadcasts.beside import SECTIONS
        from buergerdraht.broadcasts.models import Broadcast, BroadcastEvent
        from buergerdraht.contacts import actions
        from buergerdraht.contacts.models import Topic
        from buergerdraht.gateway.models import Channel
        from buergerdraht.website import beside, doors, editions, pages, publishing, subscribing

        pages.DOORS.extend(door for door in (doors.calendar, doors.report, doors.hours, doors.booking) if door not in pages.DOORS)
        if beside.section not in SECTIONS:
            SECTIONS.append(beside.section)
        post_save.connect(publishing.on_note, sender=BroadcastEvent, dispatch_uid="website.note")
        pre_delete.connect(publishing.on_erased, sender=Broadcast, dispatch_uid="website.erased")
        actions.stopped.connect(subscribing.on_stop, dispatch_uid="website.stopped")
        for changed in (post_save, post_delete):
            for table in (Organisation, Topic, Channel):
                changed.connect(editions.on_change, sender=table, dispatch_uid=f"website.{table.__name__}")
        places.put_up(
            places.Place(
                "website", "house", _("Internetseite"), "site:look", rank=30,
                told=_("Aussehen und Rechtliches Ihrer Seiten für Bürgerinnen und Bürger"),
                also=_("Farben Logo Impressum Barrierefreiheit Webseite"),
            ),
        )  # fmt: skip
