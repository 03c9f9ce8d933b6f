"""What bridges do by the clock: deliver, ask, forget. Each bridge has a job of its own, so that a slow one keeps no other waiting."""

from __future__ import annotations

from contextlib import suppress

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from buergerdraht.bridges import actions, listening, sending
from buergerdraht.bridges.kinds.letter import Trouble


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="bridges.look", lock="bridges.look", pass_context=False)
def look(timestamp: int) -> None:
    """Make a job for every bridge that has something to do."""
    now = timezone.now()
    for number in sending.due(now):
        soon(number)
    for number in listening.due(now):
        with suppress(AlreadyEnqueued):
            ask.configure(queueing_lock=f"bridges.ask.{number}", lock=f"bridges.ask.{number}").defer(bridge=number)


def soon(bridge: int) -> None:
    """Deliver what waits for a bridge as soon as a worker is free. Outside of transactions: a second one is refused by the table."""
    with suppress(AlreadyEnqueued):
        send.configure(queueing_lock=f"bridges.send.{bridge}", lock=f"bridges.send.{bridge}").defer(bridge=bridge)


@app.task(name="bridges.send")
def send(bridge: int) -> None:
    sending.go(bridge, timezone.now())


@app.task(name="bridges.ask")
def ask(bridge: int) -> None:
    listening.ask(bridge)


@app.task(name="bridges.fetch", retry=RetryStrategy(max_attempts=6, exponential_wait=5, retry_exceptions={Trouble}))
def fetch(passage: int, pictures: list[list[str]]) -> None:
    """Fetch pictures that somebody put to an article over there."""
    listening.fetch(passage, pictures)


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="bridges.forget", pass_context=False)
def forget(timestamp: int) -> None:
    actions.forget()
