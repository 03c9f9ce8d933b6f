"""What watching does by the clock: look every minute, send the canary, ask the providers, reconcile the day, forget."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.watch import alarms, canary, providers, reconcile, tally
from buergerdraht.watch.models import Alarm, Reconciliation

MINUTE_DAYS = 2
ALARM_DAYS = 365


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="watch.look")
def look(timestamp: int) -> None:
    """Write the minutes down, then look for what is wrong."""
    now = timezone.now()
    tally.write(now)
    alarms.look(now)


@app.periodic(cron="* * * * * */15")  # seconds stand last
@app.task(queueing_lock="watch.canary")
def send_canaries(timestamp: int) -> None:
    canary.round_of_all(timezone.now())


@app.periodic(cron="7,22,37,52 * * * *")
@app.task(queueing_lock="watch.providers")
def ask_providers(timestamp: int) -> None:
    """Ask every provider whether the account is healthy: pending errors of the webhook are the way in, seen from outside."""
    providers.ask_all(timezone.now())


@app.periodic(cron="11 3 * * *")
@app.task(queueing_lock="watch.reconcile")
def reconcile_yesterday(timestamp: int) -> None:
    """Sum up yesterday, and the days before once more: late receipts still climb."""
    today = timezone.localdate()
    for ago in (1, 2, 3):
        reconcile.run(today - timedelta(days=ago))


@app.periodic(cron="37 3 * * *")
@app.task(queueing_lock="watch.forget")
def forget(timestamp: int) -> None:
    now = timezone.now()
    tally.forget(now - timedelta(days=MINUTE_DAYS))
    Reconciliation.objects.filter(day__lt=timezone.localdate() - timedelta(days=reconcile.KEPT_DAYS)).delete()
    Alarm.objects.filter(ended_at__lt=now - timedelta(days=ALARM_DAYS)).delete()
    canary.forget(now)
