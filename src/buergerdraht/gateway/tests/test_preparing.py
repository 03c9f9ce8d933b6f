"""What only prepares a message leaves no doubt when it takes too long; the call that sends does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import double
import pytest

from buergerdraht.connectors import http
from buergerdraht.connectors.contract import Content, Sent
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine import runner
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("begun", [False, True])
def test_patience_ends_in_doubt_only_where_the_call_that_sends_was_begun(
    channel: Channel, start_engine: Any, until: Callable[..., None], monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    async def slow(self: Any, part: Any, address: str, *, token: str, files: Any) -> Sent:
        watch = http._sending.get()
        assert watch is not None
        watch.prepared, watch.begun = True, begun
        await asyncio.sleep(60)
        raise AssertionError("nobody waits so long")

    monkeypatch.setattr(double.Double, "send", slow)
    monkeypatch.setattr(runner, "CALL_SECONDS", 0.2)
    outbox.put(channel, "zoe", Content(text="Bild"), purpose="newsletter", batch=1)
    start_engine()
    if begun:
        until(lambda: Outbound.objects.get().state == "unclear")
    else:
        until(lambda: Outbound.objects.get().tries > 0)
        assert Outbound.objects.get().state in {"queued", "sending"}, "it is simply tried again"
