from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WordingConfig(AppConfig):
    name = "buergerdraht.wording"
    label = "wording"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import languages, places
        from buergerdraht.wording import reading

        if reading.reach not in languages.REACHES:
            languages.REACHES.append(reading.reach)
        places.put_up(
            places.Place(
                "wording", "work", _("Wortlaut"), "wording:list", rank=50,
                told=_("Jeder Satz, den Bürgerinnen und Bürger von selbst bekommen, in jeder Sprache"),
                also=_("Übersetzung Sprachen Sätze"),
            ),
        )  # fmt: skip
