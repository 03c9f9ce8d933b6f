"""What appointments do by the clock: free what was held too long, and remind."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.appointments import actions, telling, times
from buergerdraht.appointments.models import Booking
from buergerdraht.conversations import outgoing


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="appointments.look", lock="appointments.look", pass_context=False)
def look(timestamp: int) -> None:
    """Do what is due."""
    now = timezone.now()
    actions.free_held(now)
    remind(now)


def remind(now: datetime) -> int:
    """Say every reminder that is due; each in a transaction of its own, so that a crash neither loses nor repeats one."""
    rows = Booking.objects.filter(state=Booking.State.BOOKED, remind_at__lte=now).order_by("remind_at")
    return sum(_remind(number, now) for number in rows.values_list("pk", flat=True))


@transaction.atomic
def _remind(number: int, now: datetime) -> bool:
    due = Booking.objects.filter(pk=number, state=Booking.State.BOOKED, remind_at__lte=now)
    found = due.select_related("contact").first()
    if found is None:
        return False
    if found.contact:
        outgoing.thread(found.contact)
    rows = due.select_for_update(of=("self",)).select_related("offer__organisation", "contact", "address__channel", "address__contact")
    row = rows.first()
    if row is None:  # said, moved or cancelled meanwhile
        return False
    hours = times.due(row.offer.reminders, row.reminded, row.begins_at, now)
    said = hours is not None and telling.tell(row, "reminder")
    row.reminded = times.passed(row.offer.reminders, row.begins_at, now)
    row.remind_at = times.upcoming(row.offer.reminders, row.reminded, row.begins_at)
    row.save(update_fields=["reminded", "remind_at", "unreached"])
    return said
