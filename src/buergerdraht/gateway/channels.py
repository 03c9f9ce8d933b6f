"""The channels and their connectors: the one place where a channel's row meets a provider's code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import QuerySet
from pydantic import BaseModel, SecretStr

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Connector, Content, Limits, Plan
from buergerdraht.connectors.http import Http, OnCall
from buergerdraht.gateway.database import home
from buergerdraht.gateway.models import Channel, Traffic
from buergerdraht.ui import marks

Found = TypeVar("Found")


def connector(channel: Channel, http: Http | None = None) -> Connector:
    """Build a channel's connector. Without `http` its session opens on the first call, and the caller closes it."""
    found = registry.connector_class(channel.kind)
    return found(
        found.Config.model_validate_json(channel.config),
        http or Http(home=home(channel.kind, channel.token), networks=settings.CHANNEL_NETWORKS),
    )


def config(channel: Channel) -> BaseModel:
    return registry.connector_class(channel.kind).Config.model_validate_json(channel.config)


def sealed(values: BaseModel) -> str:
    """Write a Config as JSON with its secrets, for the encrypted column only."""
    return msgspec.json.encode({name: _open(value) for name, value in values}).decode()


def _open(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def kinds() -> list[type[Connector]]:
    return registry.kinds()


def talking() -> list[type[Connector]]:
    """List the messengers on which people answer us."""
    return [found for found in registry.kinds() if found.reach == "people" and found.hears]


def limits(channel: Channel) -> Limits:
    """What the provider allows this channel, with the rate the organisation entered."""
    found = limits_of(channel.kind)
    return msgspec.structs.replace(found, rate=found.allowed(channel.rate))


def limits_of(kind: str) -> Limits:
    return registry.connector_class(kind).limits


def human_hours(channel: Channel) -> int:
    """For how many hours what a person types may go out on this channel; 0 where the provider makes no difference, or did not grant it."""
    return connector(channel).limits.human_hours if limits_of(channel.kind).human_hours else 0


def plan_of(kind: str, content: Content) -> Plan:
    """Show what a messenger will make of a content; needs no account."""
    found = registry.connector_class(kind)
    return found(found.Config.model_construct(), Http()).plan(content)


def title(kind: str) -> str:
    return registry.connector_class(kind).title


def mark(kind: str) -> str:
    return registry.connector_class(kind).mark


def reaches_people(kind: str) -> bool:
    """Say whether messages of this kind go to people, and not to a public place."""
    return registry.connector_class(kind).reach == "people"


def lasts(kind: str) -> bool:
    """Say whether somebody is still reached there weeks after they wrote: not in a visit to a page, nor where a window closes for good."""
    limits = limits_of(kind)
    return registry.connector_class(kind).lasting and (limits.templates or not limits.window_hours)


def by_hand(kind: str) -> bool:
    """Say whether a person posts there what we prepare."""
    return registry.connector_class(kind).by_hand


def public(organisation: Organisation) -> QuerySet[Channel]:
    """List an organisation's public places that are set up."""
    rows = Channel.objects.filter(organisation=organisation, kind__in=_public_kinds()).select_related("organisation")
    return rows.exclude(state=Channel.State.SETUP).order_by("kind", "name")


def people(organisation: Organisation) -> QuerySet[Channel]:
    """List an organisation's channels to people."""
    return Channel.objects.filter(organisation=organisation).exclude(kind__in=_public_kinds())


def _public_kinds() -> list[str]:
    return [found.kind for found in registry.kinds() if found.reach == "public"]


def look(kind: str) -> tuple[str, str, str]:
    """Give the hue, the letters and the title of a messenger's mark; of one we do not have, something plain."""
    if kind not in registry.CONNECTORS:
        return marks.plain(kind)
    found = registry.connector_class(kind)
    return found.hue, found.mark, found.title


def deep_link(channel: Channel, start: str, text: str) -> str:
    """Lead into a conversation that begins with `start`; "" where everybody reads and nothing begins. Without it: to the channel."""
    if start and not reaches_people(channel.kind):
        return ""
    return connector(channel).link(start, text)


def to_write(channel: Channel, start: str, text: str) -> str:
    """Say what one has to write oneself after following the link, because it carries nothing; "" where it does."""
    found = connector(channel)
    return text if found.link(start, text) == found.link("", "") else ""


def ask(channel: Channel, question: Callable[[Connector], Awaitable[Found]]) -> Found:
    """Let a sync caller ask the provider something, with a session of its own, and keep the calls in the traffic log."""
    calls: list[Traffic] = []

    async def asked() -> Found:
        http = Http(noting(channel.pk, calls), home=home(channel.kind, channel.token), networks=settings.CHANNEL_NETWORKS)
        try:
            return await question(connector(channel, http))
        finally:
            await http.close()

    try:
        return async_to_sync(asked)()
    finally:
        Traffic.objects.bulk_create(calls)


def noting(channel_id: int, calls: list[Traffic]) -> OnCall:
    """Make the hook that collects calls for the traffic log."""

    def note(what: str, status: int, milliseconds: int, reason: str) -> None:
        shown = str(status) if status else reason or "–"
        calls.append(
            Traffic(channel_id=channel_id, direction="out", what=what[:60], status=shown, milliseconds=milliseconds, details=reason)
        )

    return note
