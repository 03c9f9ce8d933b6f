from django import forms
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "buergerdraht.ui"
    label = "ui"

    def ready(self) -> None:
        """Ask for what is missing in every form as people would: Django's "zwingend erforderlich" scolds."""
        forms.Field.default_error_messages["required"] = _("Bitte ausfüllen.")
        for choice in (forms.ChoiceField, forms.ModelChoiceField):
            choice.default_error_messages["required"] = _("Bitte auswählen.")
