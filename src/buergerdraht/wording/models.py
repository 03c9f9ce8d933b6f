"""What an authority says in its own words."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Organisation


class OwnText(models.Model):
    """A sentence of an authority in one language, in the place of ours. Written by `actions` only, which keeps `Organisation.worded_at`."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="own_texts")
    shelf = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    language = models.CharField(max_length=12)
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "language", "shelf", "key"], name="own_text_once")]
