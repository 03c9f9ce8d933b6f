from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    name = "buergerdraht.conversations"
    label = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from buergerdraht.accounts import entrance, places
        from buergerdraht.accounts.models import Membership
        from buergerdraht.accounts.rights import Right
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.contacts import outreach
        from buergerdraht.contacts import reading as contact_reading
        from buergerdraht.contacts import views as contact_views
        from buergerdraht.conversations import bell_views, confidential, merging, outgoing, page, push_views, sight, telling
        from buergerdraht.gateway import file_views, live
        from buergerdraht.ui.templatetags.ui import NUMBERS

        outreach.sent.connect(outgoing.on_sent, dispatch_uid="conversations.sent")
        contacts.joined.connect(merging.join, dispatch_uid="conversations.joined")
        contacts.parted.connect(merging.part, dispatch_uid="conversations.parted")
        post_delete.connect(confidential.on_left, sender=Membership, dispatch_uid="conversations.left")
        file_views.GUARDS.append(sight.may_have_file)
        contact_views.THREADS.append(page.door)
        contact_reading.VEILS.append(sight.veil)
        contact_reading.SYSTEM_VEILS.append(sight.system_veil)
        entrance.SECTIONS.append(push_views.section)
        NUMBERS["conversations:bell"] = bell_views.number
        live.PREPARERS.update(dict.fromkeys(telling.TOPICS, telling.prepare))
        live.SUMS["counts"] = telling.counts
        places.put_up(
            places.Place(
                "inbox", "work", _("Posteingang"), "conversations:desk", rank=10,
                told=_("Unterschrift, Regeln, Etiketten und Antwortzeiten"),
                also=_("Zuweisung Regeln Labels Team Signatur"),
            ),
            places.Place(
                "answers", "work", _("Gespeicherte Antworten"), "conversations:saved_answers", rank=20, rights=(Right.ANSWER, Right.MANAGE),
                told=_("Fertige Antworten auf häufige Fragen"),
                also=_("Textbausteine Vorlagen"),
            ),
        )  # fmt: skip
