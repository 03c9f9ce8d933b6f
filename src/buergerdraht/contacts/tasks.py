"""What contacts do by the clock."""

from __future__ import annotations

from procrastinate.contrib.django import app

from buergerdraht.contacts import crowds


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="contacts.crowds", pass_context=False)
def renew_crowds(timestamp: int) -> None:
    """Count large authorities' crowds anew where that is due."""
    crowds.renew_due()
