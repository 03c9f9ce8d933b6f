"""Which ready set-ups an organisation has switched on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Operator, Organisation


class SwitchedOn(models.Model):
    """A blueprint was switched on, by whom, in which edition; `made` names what it created: ["topic:verkehr", ...]."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    key = models.CharField(max_length=60)
    edition = models.PositiveSmallIntegerField()
    made = models.JSONField(default=list)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "key", "-at"], name="blueprint_newest")]
