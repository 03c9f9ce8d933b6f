"""What is to be done for a case, for another system: a works yard's own planner reads it, adds to it and ticks it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Number, Page, page
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.cases import actions, api_shapes, sight, todo
from buergerdraht.cases.api_shapes import TaskShown, TasksWanted, TaskTick, TaskWish
from buergerdraht.cases.models import Case, Task

router = Router(tags=["cases"])


@router.get("/cases/{int:case}/tasks", auth=needs("cases:read"), response=Page[TaskShown], operation_id="case_tasks")
def tasks(request: ApiRequest, case: Path[Number], wanted: Query[TasksWanted]) -> dict[str, Any]:
    """List what is to be done for a case."""
    rows = _found(request, case).tasks.all()
    if wanted.done is not None:
        rows = rows.filter(~Q(done_at=None) if wanted.done else Q(done_at=None))
    return page(request, rows, wanted, api_shapes.task)


@router.post("/cases/{int:case}/tasks", auth=needs("cases:write"), response={201: TaskShown}, operation_id="add_case_task")
def add(request: ApiRequest, case: Path[Number], wish: TaskWish, key: Key) -> HttpResponse:
    """Add something to do. It stays inside."""

    def done() -> tuple[int, TaskShown]:
        try:
            return 201, api_shapes.task(todo.add(_found(request, case), wish.text, operator=request.operator))
        except actions.NotNow as reason:
            raise Problem(409, "not_now", str(reason)) from None

    return once(request, key, done)


@router.post("/cases/{int:case}/tasks/{int:task}/tick", auth=needs("cases:write"), response=TaskShown, operation_id="tick_case_task")
def tick(request: ApiRequest, case: Path[Number], task: Path[Number], wish: TaskTick, key: Key) -> HttpResponse:
    """Tick something, or take the tick back."""

    def done() -> tuple[int, TaskShown]:
        with transaction.atomic():
            row = get_object_or_404(_found(request, case).tasks, pk=task)
            (todo.done if wish.done else todo.undone)(row, operator=request.operator)
            return 200, api_shapes.task(Task.objects.get(pk=row.pk))

    return once(request, key, done)


def _found(request: ApiRequest, number: int) -> Case:
    return get_object_or_404(sight.shared(request.organisation), pk=number)
