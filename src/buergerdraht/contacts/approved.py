"""A messenger's approved templates, by name: which could be filled, and one of them filled for somebody whose window is closed."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import TemplateUse
from buergerdraht.contacts.models import Address
from buergerdraht.gateway.models import Channel, MessageTemplate


def names(organisation: Organisation, most: int, channel: Channel | None = None) -> list[str]:
    """The names of the organisation's approved templates that ask for so many values at most; those of one channel, or all."""
    rows = MessageTemplate.objects.filter(channel__organisation=organisation, status__iexact="approved", paused=False)
    rows = rows.filter(channel=channel) if channel else rows
    return sorted({row.name for row in rows if len(row.template.get("variables", [])) <= most})


def filled(address: Address, name: str, values: Sequence[str]) -> TemplateUse | None:
    """Fill a template with the first values it asks for, in their language, else in the authority's; None where it may not be sent."""
    if not name:
        return None
    rows = MessageTemplate.objects.filter(channel=address.channel_id, name=name, status__iexact="approved", paused=False)
    spoken = {row.language.split("_")[0]: row for row in rows.order_by("-language")}
    row = spoken.get(address.contact.language) or spoken.get(address.organisation.language) or next(iter(spoken.values()), None)
    wanted = list(row.template.get("variables", [])) if row else []
    if row is None or len(wanted) > len(values):
        return None
    one_line = [" ".join(value.split()) or "–" for value in values]  # templates take no line breaks and no empty values
    return TemplateUse(name=row.name, language=row.language, body=dict(zip(wanted, one_line, strict=False)))
