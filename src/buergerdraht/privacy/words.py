"""The words of the page on which somebody reads what is stored about them."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.wording.shelves import shelf

SHELF = shelf("access", _("Auskunft"), Path(__file__).parent / "texts.yaml", foreign="en")
