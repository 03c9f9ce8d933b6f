from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BlueprintsConfig(AppConfig):
    name = "buergerdraht.blueprints"
    label = "blueprints"

    def ready(self) -> None:
        from buergerdraht.accounts import places

        places.put_up(
            places.Place(
                "blueprints", "work", _("Bausteine"), "blueprints:list", rank=70,
                told=_("Fertige Themen, Dialoge und Texte übernehmen"),
                also=_("Vorlagen Muster Beispiele"),
            ),
        )  # fmt: skip
