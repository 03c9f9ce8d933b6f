from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "buergerdraht.conversations"
    label = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.contacts import outreach
        from buergerdraht.conversations import actions, outgoing

        outreach.sent.connect(outgoing.on_sent, dispatch_uid="conversations.sent")
        contacts.joined.connect(actions.join, dispatch_uid="conversations.joined")
