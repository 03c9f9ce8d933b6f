"""Links and QR codes that begin a live dialog: its triggers "link", on every running channel where they count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import document
from buergerdraht.dialogs.document import Trigger
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.triggers import carried
from buergerdraht.gateway import links
from buergerdraht.gateway.links import Link
from buergerdraht.gateway.models import Channel


def names(row: Dialog) -> list[str]:
    """What the links that begin a dialog carry; none where nobody comes in."""
    return list(dict.fromkeys(start for each in _triggers(row, "link") if (start := carried(each.name))))


def codes(row: Dialog) -> list[tuple[str, str]]:
    """The names in letters that links do not carry, each with the code that stands for it there."""
    named = dict.fromkeys(each.name for each in _triggers(row, "link") if each.name)
    return [(name, carried(name)) for name in named if not plain(name).isascii()]


def links_of(row: Dialog) -> list[Link]:
    """Every such link with its QR codes."""
    return [_shown(row, name, each) for name in names(row) for channel in channels_of(row, name) for each in _listed(row, name, channel)]


def channels_of(row: Dialog, name: str) -> QuerySet[Channel]:
    """The running channels on which a link of that name begins the dialog."""
    found = Channel.objects.filter(organisation=row.organisation_id, state=Channel.State.RUNNING).order_by("name", "pk")
    meant = [each for each in _triggers(row, "link") if carried(each.name) == name]
    if all(each.channels for each in meant):  # also where there is none
        found = found.filter(kind__in={kind for each in meant for kind in each.channels})
    return found


def address(row: Dialog, name: str, channel: Channel) -> str:
    """The link itself, or ""."""
    return links.address(channel, name, _word(row, name, channel))


def _listed(row: Dialog, name: str, channel: Channel) -> Iterator[Link]:
    return links.listed([channel], name, _word(row, name, channel))


def _shown(row: Dialog, name: str, found: Link) -> Link:
    """Say where a link's pictures are."""
    slug = row.organisation.slug
    svg, png = (reverse("dialogs:qr", args=[slug, row.pk, found.channel.pk, name, ending]) for ending in ("svg", "png"))
    alt = _("QR-Code: „%(dialog)s“ über %(title)s beginnen") % {"dialog": row.title, "title": found.title}
    return replace(found, alt=alt, svg=svg, png=png)


def _word(row: Dialog, name: str, channel: Channel) -> str:
    """What one writes where a link carries nothing but words: the first that begins the dialog there, else the link's own name."""
    for trigger in _triggers(row, "words"):
        if not trigger.channels or channel.kind in trigger.channels:
            spoken = trigger.words.get(row.organisation.languages[0]) or [word for each in trigger.words.values() for word in each]
            if spoken:
                return spoken[0]
    return name


def _triggers(row: Dialog, on: str) -> list[Trigger]:
    """The live version's triggers of one kind."""
    if row.live is None or row.archived_at is not None:
        return []
    return [each for each in document.load(row.live.document).triggers if each.on == on]
