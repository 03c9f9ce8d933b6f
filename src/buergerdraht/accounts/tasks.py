"""What the entrance does by the clock."""

from __future__ import annotations

from django.db import connection
from procrastinate.contrib.django import app

from buergerdraht.accounts.rest import once


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="accounts.api_answers", pass_context=False)
def forget_api_answers(timestamp: int) -> None:
    """Forget what calls of the API were answered a day ago."""
    once.tidy()


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="accounts.counted", pass_context=False)
def forget_what_was_counted(timestamp: int) -> None:
    """Forget who guessed or sent much, once it counts no more: the cache itself deletes only when it is full."""
    with connection.cursor() as cursor:
        cursor.execute("delete from cache where expires < now()")
