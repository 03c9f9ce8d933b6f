"""Give Musterstadt's figures sixty days of closed matters. Numbers are invented, rows are written at once."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations.models import Conversation, Stretch
from buergerdraht.house.demo.sayings import BLAME, PRAISE

DAYS = 60
HOURS = {7: 3, 8: 9, 9: 12, 10: 12, 11: 10, 12: 6, 13: 7, 14: 8, 15: 8, 16: 7, 17: 7, 18: 6, 19: 6, 20: 4, 21: 2}  # when people write
MINUTES = (2, 3, 4, 5, 6, 8, 9, 11, 14, 16, 19, 24, 31, 42, 55, 80, 120, 190, 260, 400)  # of office time until the first answer
TEAMS = {"maria": "Bürgeramt", "kemal": "Pressestelle", "andrea": "Bürgermeisterbüro"}
TOPICS = ("verkehr", "abfall", "woche", "veranstaltungen", None, None)


def remember(organisation: Organisation, workers: dict[str, Operator]) -> None:
    """Write the matters of the past days, more on working days, fewer at the weekend."""
    dice = random.Random(1919)  # noqa: S311 - invented numbers, no secrets
    threads = list(Conversation.objects.filter(organisation=organisation, state=Conversation.State.CLOSED).select_related("last_address"))
    topics = dict(Topic.objects.filter(organisation=organisation).values_list("key", "pk"))
    teams = dict(organisation.teams.values_list("name", "pk"))
    latest, rows = timezone.now() - timedelta(hours=2), []
    for ago in range(DAYS, -1, -1):
        day = timezone.localtime() - timedelta(days=ago)
        for _turn in range(dice.randint(1, 3) if day.weekday() > 4 else dice.randint(5, 12)):
            key = dice.choices(list(TEAMS), [5, 4, 1])[0]
            row = _matter(organisation, dice.choice(threads), _moment(day, dice), dice)
            row.operator, row.team_id, row.topic_id = workers[key], teams[TEAMS[key]], topics.get(dice.choice(TOPICS) or "")
            if row.closed_at and row.closed_at < latest:
                rows.append(row)
    Stretch.objects.bulk_create(rows)


def _moment(day: datetime, dice: random.Random) -> datetime:
    hour = dice.choices(list(HOURS), list(HOURS.values()))[0]
    return day.replace(hour=hour, minute=dice.randrange(60), second=dice.randrange(60), microsecond=0)


def _matter(organisation: Organisation, thread: Conversation, at: datetime, dice: random.Random) -> Stretch:
    """Answer in office time, close some time after, and let a third say how it was."""
    minutes = dice.choice(MINUTES)
    answered = hours.add_office_time(organisation, at, minutes)
    closed = answered + timedelta(minutes=dice.randint(4, 170))
    row = Stretch(
        organisation=organisation, conversation=thread, channel_id=thread.last_address.channel_id if thread.last_address else None,
        opened_at=at, answered_at=answered, answer_seconds=minutes * 60, closed_at=closed, received=dice.randint(1, 4),
        sent=dice.randint(1, 3), asked_at=closed + timedelta(minutes=2),
    )  # fmt: skip
    if dice.random() < 0.36:
        row.mark = dice.choices([5, 4, 3, 2, 1], [50, 28, 12, 6, 4])[0]
        if dice.random() < 0.2:
            row.mark_text = dice.choice(PRAISE if row.mark > 3 else BLAME)
    return row
