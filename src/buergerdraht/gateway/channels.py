"""The channels and their connectors: the one place where a channel's row meets a provider's code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from asgiref.sync import async_to_sync
from pydantic import BaseModel, SecretStr

from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import Connector, Content, Limits, Plan
from buergerdraht.connectors.http import Http, OnCall
from buergerdraht.gateway.models import Channel, Traffic

Found = TypeVar("Found")


def connector(channel: Channel, http: Http | None = None) -> Connector:
    """Build a channel's connector. Without `http` its session opens on the first call, and the caller closes it."""
    found = registry.connector_class(channel.kind)
    return found(found.Config.model_validate_json(channel.config), http or Http())


def config(channel: Channel) -> BaseModel:
    return registry.connector_class(channel.kind).Config.model_validate_json(channel.config)


def sealed(values: BaseModel) -> str:
    """Write a Config as JSON with its secrets, for the encrypted column only."""
    return msgspec.json.encode({name: _open(value) for name, value in values}).decode()


def _open(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def kinds() -> list[type[Connector]]:
    return registry.kinds()


def limits(channel: Channel) -> Limits:
    """What the provider allows this channel, with the rate the organisation entered."""
    found = limits_of(channel.kind)
    return msgspec.structs.replace(found, rate=found.allowed(channel.rate))


def limits_of(kind: str) -> Limits:
    return registry.connector_class(kind).limits


def plan_of(kind: str, content: Content) -> Plan:
    """Show what a messenger will make of a content; needs no account."""
    found = registry.connector_class(kind)
    return found(found.Config.model_construct(), Http()).plan(content)


def title(kind: str) -> str:
    return registry.connector_class(kind).title


def mark(kind: str) -> str:
    return registry.connector_class(kind).mark


def deep_link(channel: Channel, start: str, text: str) -> str:
    return connector(channel).link(start, text)


def ask(channel: Channel, question: Callable[[Connector], Awaitable[Found]]) -> Found:
    """Let a sync caller ask the provider something, with a session of its own, and keep the calls in the traffic log."""
    calls: list[Traffic] = []

    async def asked() -> Found:
        http = Http(noting(channel.pk, calls))
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
