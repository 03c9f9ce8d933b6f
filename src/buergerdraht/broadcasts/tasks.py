"""What broadcasts do by the clock: start what is due, go on with what was begun, end what is done."""

from __future__ import annotations

from procrastinate.contrib.django import app

from buergerdraht.broadcasts import relaying, sending
from buergerdraht.broadcasts import reminding as reminding  # its job is found by name


@app.periodic(cron="* * * * * */2")  # seconds stand last
@app.task(queueing_lock="broadcasts.round", pass_context=False)
def round_of_all(timestamp: int) -> None:
    """Do what is due. Without a job's lock: that of a worker which was killed would stay, and nothing would go out any more."""
    sending.round_of_all()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="broadcasts.relay", lock="broadcasts.relay", pass_context=False)
def relay(timestamp: int) -> None:
    """Reach people on their next way where the one before did not."""
    relaying.look()
