"""What is to be done for a case: add it, tick it, take the tick back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator
from buergerdraht.cases.actions import NotNow, lock, record
from buergerdraht.cases.models import Case, Task

MOST = 50  # nobody works through more


@transaction.atomic
def add(case: Case, text: str, *, operator: Operator) -> Task:
    """Add something to do. Raises NotNow where it is empty, or there are too many."""
    row = lock(case.pk)
    if not text.strip():
        raise NotNow(_("Die Aufgabe ist leer."))
    if row.tasks.count() >= MOST:
        raise NotNow(_("Mehr als %(most)s Aufgaben hat ein Anliegen nicht.") % {"most": MOST})
    task = Task.objects.create(case=row, text=text.strip()[:300])
    record(row, "task_added", operator=operator, text=task.text, data={"task": task.pk})
    return task


def done(task: Task, *, operator: Operator) -> bool:
    """Tick it. Twice is once."""
    return _tick(task, operator, done=True)


def undone(task: Task, *, operator: Operator) -> bool:
    """Take the tick back."""
    return _tick(task, operator, done=False)


@transaction.atomic
def _tick(task: Task, operator: Operator, *, done: bool) -> bool:
    case = lock(task.case_id)
    row = Task.objects.get(pk=task.pk)
    if (row.done_at is not None) == done:
        return False
    row.done_at, row.operator = (timezone.now(), operator) if done else (None, None)
    row.save(update_fields=["done_at", "operator"])
    record(case, "task_done" if done else "task_undone", operator=operator, text=row.text, data={"task": row.pk})
    return True
