from django.apps import AppConfig


class WordingConfig(AppConfig):
    name = "buergerdraht.wording"
    label = "wording"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from buergerdraht.accounts import languages
        from buergerdraht.wording import reading

        if reading.reach not in languages.REACHES:
            languages.REACHES.append(reading.reach)
