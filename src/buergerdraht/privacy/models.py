"""What proves that data was deleted, and the links by which citizens see theirs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts.models import Contact


class Erasure(models.Model):
    """Proof of a deletion. `subjects` are the pseudonyms of the addresses, the same as in the consent ledger; `counts` what went."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="erasures")
    subjects = ArrayField(models.BinaryField(), default=list)
    wish = models.CharField(max_length=10)  # citizen, operator, retention
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    counts = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "-at"], name="erasure_newest")]


class RetentionRun(models.Model):
    """One run of the retention rules: what was deleted, by class."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="retention_runs")
    counts = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "-at"], name="retention_newest")]


class AccessLink(models.Model):
    """A link by which a citizen sees what is stored. Only the hash of its token is kept."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    contact = models.ForeignKey(Contact, models.CASCADE)
    token_hash = models.BinaryField(unique=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
