"""Zammad's way in: a webhook, believed by its signature over the raw bytes, answered after what it causes is committed."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from buergerdraht.bridges import hearing, letters, tasks
from buergerdraht.bridges.kinds import zammad
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge, Passage

LARGEST = 1024 * 1024


@csrf_exempt
@require_POST
def zammad_tells(request: HttpRequest, number: int) -> JsonResponse:
    """Take what a Zammad tells. Unknown bridges and wrong signatures hear the same."""
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return JsonResponse({"problem": "too_large"}, status=413)
    bridge = Bridge.objects.filter(pk=number, kind=Bridge.Kind.ZAMMAD, active=True).select_related("actor").first()
    config = _config(bridge) if bridge else None
    if bridge is None or config is None or not zammad.genuine(config.secret, request.body, request.headers.get("X-Hub-Signature", "")):
        return JsonResponse({"problem": "unauthorised"}, status=401)
    said = zammad.read(request.body)
    if said is None:
        return JsonResponse({"problem": "unreadable"}, status=422)
    ours = zammad.ours(request.body)
    _heard(bridge, config, said, request.headers.get("X-Zammad-Delivery", "") if not ours else "", ours=ours)
    return JsonResponse({"state": "taken"})


def _config(bridge: Bridge) -> zammad.Config | None:
    try:
        found: zammad.Config = letters.config(bridge)
    except Trouble:
        return None
    return found


@transaction.atomic
def _heard(bridge: Bridge, config: zammad.Config, said: zammad.Said, delivery: str, *, ours: bool) -> None:
    """Do what a webhook means: once for each delivery, and once for each article, of which every later webhook tells again."""
    passage = Passage.objects.filter(bridge=bridge, external_id=said.ticket).select_related("bridge__actor").first()
    if passage is None or (delivery and not hearing.once(bridge, f"delivery:{delivery}")):
        return
    fresh = bool(said.article) and said.agent and not said.internal and not ours and hearing.once(bridge, f"article:{said.article}")
    over = zammad.ended(config, said.state)
    if fresh and not (over and passage.theirs != "over"):
        hearing.answered(passage, said.words)
    hearing.stood(passage, said.state, over=over, at=said.at, notes=said.words if fresh and over and passage.theirs != "over" else "")
    if fresh and said.pictures:
        transaction.on_commit(lambda: tasks.fetch.defer(passage=passage.pk, pictures=[list(each) for each in said.pictures]))
