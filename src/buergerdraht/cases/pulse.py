"""What cases do within moments: ask on after photos, tell who still waits; and, beside it because it takes seconds, cover pictures."""

from __future__ import annotations

from django.utils import timezone

from buergerdraht.cases import intake, photos, telling


def beat() -> int:
    now = timezone.now()
    return intake.beat(now) + telling.go_on(now)


def cover() -> int:
    return photos.look(timezone.now())
