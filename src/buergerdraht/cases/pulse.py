"""What cases do within moments: ask on after photos, tell who waits; beside it, because it takes seconds, cover and seal pictures."""

from __future__ import annotations

from django.utils import timezone

from buergerdraht.cases import intake, photos, telling


def beat() -> int:
    now = timezone.now()
    return intake.beat(now) + telling.go_on(now)


def cover() -> int:
    now = timezone.now()
    return photos.look(now) + photos.seal(now)
