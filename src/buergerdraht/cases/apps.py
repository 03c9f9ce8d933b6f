from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "buergerdraht.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.cases import beside, persons, sight
        from buergerdraht.contacts import actions as contacts
        from buergerdraht.conversations import page
        from buergerdraht.gateway import file_views

        page.BESIDE.append(beside.beside)
        page.TURNS.append(beside.turn)
        contacts.stopped.connect(persons.on_stopped, dispatch_uid="cases.stopped")
        contacts.joined.connect(persons.on_joined, dispatch_uid="cases.joined")
        contacts.parted.connect(persons.on_parted, dispatch_uid="cases.parted")
        if sight.may_have_photo not in file_views.GUARDS:
            file_views.GUARDS.append(sight.may_have_photo)
