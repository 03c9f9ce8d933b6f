"""What the public pages do by the clock: forget who asked for messages and never said that it was them."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.website import subscribing
from buergerdraht.website.models import SignUp


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="website.forget", pass_context=False)
def forget(timestamp: int) -> None:
    """Forget sign-ups whose time is over."""
    subscribing.forget(SignUp.objects.filter(expires_at__lt=timezone.now()))
