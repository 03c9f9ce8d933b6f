"""Retention, every night."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from buergerdraht.accounts.models import Organisation
from buergerdraht.privacy import retention

log = logging.getLogger(__name__)


@app.periodic(cron="17 2 * * *")
@app.task(queueing_lock="privacy.retention", lock="privacy.retention", pass_context=False)
def apply_retention(timestamp: int) -> None:
    """Apply the retention rules of every organisation; one that fails does not keep the others waiting."""
    failed = 0
    for organisation in Organisation.objects.order_by("id"):
        try:
            retention.run(organisation)
        except Exception:
            failed += 1
            log.exception("retention failed organisation=%s", organisation.pk)
    if failed:
        raise RuntimeError(f"retention failed for {failed} organisations")
