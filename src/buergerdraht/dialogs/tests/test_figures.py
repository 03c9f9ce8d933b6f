"""The figures of a dialog count walks, and stay when nobody knows any more whose they were."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs import figures, sessions, tasks
from buergerdraht.dialogs.models import Dialog, Trace
from buergerdraht.dialogs.tests.conftest import Say


def test_a_step_is_reached_once_by_each_walk_and_counts_on_when_nobody_knows_whose_it_was(
    say: Say, bulky: Dialog, town: Organisation
) -> None:
    say("paula", "Sperrmüll")
    say("paula", "1")
    say("paula", "zurück")
    say("paula", "1")
    steps = Trace.objects.filter(what="reached").values_list("step", flat=True)
    assert "what" in steps
    assert len(steps) == len(set(steps)), "come back to, a step is not reached anew"
    assert Trace.objects.filter(what="answered", step="what").count() == 2
    assert {each["reached"] for step, each in figures.traced(bulky, 30).items()} == {1}
    say("paula", "STOP")
    sessions.forget(town, timezone.now() + timedelta(days=1))
    assert not Trace.objects.exclude(session=None).exists()
    assert figures.traced(bulky, 30)["what"]["reached"] == 1
    Trace.objects.update(at=timezone.now() - timedelta(days=92))
    tasks.forget_keys.func(0)
    assert not Trace.objects.exists()
