"""Meters as the authority knows them, and what citizens read on them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Media


class Kind(models.TextChoices):
    WATER = "water"
    GAS = "gas"
    ELECTRICITY = "electricity"
    HEAT = "heat"


class Meter(models.Model):
    """A meter the authority knows: what its counter looks like, and where it stood last. Found by a keyed hash of its number."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="meters")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    number = SealedField()
    number_hash = models.BinaryField()
    digits = models.PositiveSmallIntegerField(default=0)  # before the comma; 0: not known
    decimals = models.PositiveSmallIntegerField(default=0)
    value = models.DecimalField(max_digits=13, decimal_places=3, null=True)  # where it stood last ...
    read_on = models.DateField(null=True)  # ... and when
    yearly = models.DecimalField(max_digits=13, decimal_places=3, null=True)  # what is used in a year, as a rule

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "number_hash"], name="meter_once")]


class MeterReading(models.Model):
    """A value a citizen confirmed, with the photo as proof. A doubtful one waits for one of us."""

    class State(models.TextChoices):
        CONFIRMED = "confirmed"
        DOUBTFUL = "doubtful"
        CHECKED = "checked"  # by one of us
        REFUSED = "refused"
        EXPORTED = "exported"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="meter_readings")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    meter = models.ForeignKey(Meter, models.SET_NULL, null=True, related_name="readings")
    number = SealedField(default="")  # as the citizen gave it
    number_hash = models.BinaryField(default=b"")
    value = models.DecimalField(max_digits=13, decimal_places=3)
    read_on = models.DateField()
    photo = models.ForeignKey(Media, models.SET_NULL, null=True, related_name="meter_readings")
    reasons = models.JSONField(default=list, blank=True)  # why it is doubtful, see judging.REASONS
    state = models.CharField(max_length=9, choices=State.choices)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    address = models.ForeignKey(Address, models.SET_NULL, null=True, related_name="+")
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)  # who of us settled it
    export = models.DateTimeField(null=True)  # with which export it went
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "kind", "number_hash", "value", "read_on"], name="meter_reading_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "-created_at"], name="meter_reading_list"),
            models.Index(fields=["organisation", "number_hash", "-read_on"], name="meter_reading_last"),
        ]
