"""When the public pages of an authority changed because of what other rooms keep: its name, topics, channels."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.signals import post_delete

from buergerdraht.accounts.models import Organisation
from buergerdraht.website.models import Look


def on_change(sender: type, *, instance: Any, **more: Any) -> None:
    """Count the edition on; one that has no look has pages that go by their age alone."""
    if sender is Organisation and more.get("signal") is post_delete:
        return
    number = instance.pk if isinstance(instance, Organisation) else instance.organisation_id
    Look.objects.filter(organisation=number).update(edition=F("edition") + 1)
