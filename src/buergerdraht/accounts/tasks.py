"""What the entrance does by the clock."""

from __future__ import annotations

from procrastinate.contrib.django import app

from buergerdraht.accounts.rest import once


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="accounts.api_answers", pass_context=False)
def forget_api_answers(timestamp: int) -> None:
    """Forget what calls of the API were answered a day ago."""
    once.tidy()
