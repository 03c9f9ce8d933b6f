"""What hours do by the clock: begin, end, tell who waits."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.consultations import actions


@app.periodic(cron="* * * * * */15")  # seconds stand last
@app.task(queueing_lock="consultations.advance", lock="consultations.advance", pass_context=False)
def advance_all(timestamp: int) -> None:
    """Bring every hour to where the clock says it is."""
    actions.advance(timezone.now())
