"""A provider counts on when we begin anew with a channel, so we do, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import connection
from double import Double, Provider

from buergerdraht.connectors.contract import Content, Temporary
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)
Wait = Callable[..., None]


def put(channel: Channel, address: str, text: str) -> None:
    outbox.put(channel, address, Content(text=text), purpose="reply")


def learn(channel: Channel) -> None:
    """As the first check of an account does, which fills in what nobody entered."""
    channel.config = '{"secret": "learned"}'
    channel.save(update_fields=["config"])


def slow_down(channel: Channel) -> None:
    Channel.objects.update(rate=100)


def lose_the_locks(channel: Channel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'buergerdraht engine%%'")


@pytest.fixture
def owned(caplog: pytest.LogCaptureFixture) -> Callable[[], int]:
    """How often an engine began with a channel."""
    caplog.set_level("INFO", "buergerdraht.engine")
    return lambda: caplog.text.count("channel.owned")


@pytest.mark.parametrize("change", [learn, slow_down, lose_the_locks])
def test_a_channel_begun_anew_lends_nobody_a_second_burst(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait, monkeypatch: pytest.MonkeyPatch, owned: Any, change: Any
) -> None:
    monkeypatch.setattr(Double, "limits", msgspec.structs.replace(Double.limits, pair_interval=60.0, pair_burst=6))
    for number in range(14):
        put(channel, "anna", f"m{number}")
    start_engine()
    until(lambda: len(provider.texts("anna")) == 5)
    change(channel)
    until(lambda: owned() == 2)
    put(channel, "berta", "news")
    until(lambda: provider.texts("berta"))
    assert provider.texts("anna") == [f"m{number}" for number in range(5)]


def test_a_channel_begun_anew_waits_as_long_as_it_was_told(
    channel: Channel, provider: Provider, start_engine: Any, until: Wait, owned: Any
) -> None:
    """Law 8."""
    provider.fail["anna"] = [Temporary("rate_limit", retry_after=4.0, limit=True, scope="channel")]
    put(channel, "anna", "m0")
    start_engine()
    until(lambda: provider.calls)
    learn(channel)
    until(lambda: owned() == 2)
    put(channel, "berta", "news")
    until(lambda: provider.texts("berta"))
    assert provider.calls[1][0] - provider.calls[0][0] >= 4.0
