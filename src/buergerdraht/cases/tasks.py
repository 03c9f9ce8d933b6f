"""What cases do by the clock: cover pictures, tell who still waits, warn of deadlines, let originals go."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.cases import deadlines, intake, photos


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="cases.look", lock="cases.look", pass_context=False)
def look(timestamp: int) -> None:
    """Warn of what is due, and bring before people what nobody answered."""
    deadlines.look(timezone.now())
    intake.let_go(timezone.now())


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="cases.forget", lock="cases.forget", pass_context=False)
def forget(timestamp: int) -> None:
    """Delete the originals whose time is over, and the places photos were taken at."""
    photos.forget_places(timezone.now())
    while photos.forget(timezone.now()):
        pass
