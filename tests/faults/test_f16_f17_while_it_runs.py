"""F16 and F17: citizens leave and operators pause, resume and stop while a broadcast goes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import report
from report import Outcome
from scene import NEWS, Person, Town, judge, open_letters, stage, wait_for
from subscribers import broadcast, editor, subscribe, topic

from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts import actions
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Contact
from buergerdraht.gateway.models import Outbound
from buergerdraht.privacy.erase import erase

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECIPIENTS = report.size(1_000, 20_000)
LEAVERS = report.size(8, 60)  # of each way
PAUSES = report.size(6, 100)
GONE_SECONDS, STOP_SECONDS = 1.0, 2.0


def test_who_leaves_is_not_written_to_any_more(tmp_path: Path) -> None:
    dice = report.dice("F16")
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        town.open("whatsapp", report.size(1, 3))
        town.open("telegram", report.size(1, 3))
        people = town.settle(RECIPIENTS)
        known = subscribe(town, people)
        running.start("web", "worker", "engine")
        running.wait_for_web()
        town.subscribe(running)
        sent = broadcast(town)
        wait_for(lambda: double.sum() >= RECIPIENTS // 10, 60, "it goes out", 0.05)
        late = _unreached(town, people)
        stays = late.pop()
        leavers = dice.sample(late, min(3 * LEAVERS, len(late)))
        left: dict[str, float] = {}
        ways: list[Callable[[Person], None]] = [
            lambda each: double.write(town.accounts[each.channel], each.id, "STOP"),
            lambda each: _stop(known[each.id]),
            lambda each: _erase(known[each.id]),
        ]
        newcomer = town.settle(1)
        subscribe(town, newcomer)
        _unsubscribe(known[stays.id], town)
        for number, each in enumerate(leavers):
            ways[number % 3](each)
            left[each.id] = time.time()
            time.sleep(0.02)
        wait_for(lambda: not open_letters() and _done(sent), report.size(150, 600), "the broadcast is over", 0.3)
        news = {line.person: line.at for line in double.journal() if line.words.startswith(NEWS)}
        after = [news[person] - at for person, at in left.items() if person in news]
        spared = sum(person not in news for person in left)
        others = [each for each in people if each.id not in left]
        missing = [each for each in others if each.id not in news]
        frozen = newcomer[0].id not in news and stays.id in news
        latest = max([0.0, *after])
        report.record(
            Outcome(
                "F16", f"{len(left)} leave while it runs (STOP, in the desk, erased)", len(people),
                "0 accepted > 1 s after; everybody else reached; the audience stays frozen",
                latest <= report.patience(GONE_SECONDS) and spared > 0 and not missing and frozen,
                lost=len(missing), doubled=sum(line.words.startswith(NEWS) for line in double.journal()) - len(news), recovery=latest,
                more={"spared": spared, "reached_before": len(after), "frozen": frozen},
            )
        )  # fmt: skip


def _unreached(town: Town, people: list[Person]) -> list[Person]:
    """Those the provider has not heard of yet, without the ones who are next."""
    reached = {line.person for line in town.double.journal()}
    waiting = [each for each in people if each.id not in reached]
    return waiting[len(waiting) // 4 :]


def _stop(contact: int) -> None:
    contacts.stop(Contact.objects.get(pk=contact), evidence="", channel=None)


def _erase(contact: int) -> None:
    erase(Contact.objects.get(pk=contact), wish="operator")


def _unsubscribe(contact: int, town: Town) -> None:
    """One topic less, which is no opt-out: who was chosen when it began still gets it."""
    contacts.unsubscribe(Contact.objects.get(pk=contact), [topic(town)], Proof(channel=None, evidence="desk"))


def _done(sent: Broadcast) -> bool:
    sent.refresh_from_db()
    return sent.state in {Broadcast.State.DONE, Broadcast.State.STOPPED}


def test_it_is_paused_resumed_and_stopped_at_random_moments(tmp_path: Path) -> None:
    dice = report.dice("F17")
    with stage(tmp_path) as (double, running):
        town = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), double)
        town.open("whatsapp", report.size(2, 4))
        town.open("telegram", 1)
        people = town.settle(RECIPIENTS)
        subscribe(town, people)
        operator = editor(town)
        running.start("worker", "engine")
        first = broadcast(town)
        wait_for(lambda: double.sum() >= 50, 60, "it goes out", 0.02)
        spans = []
        while len(spans) < PAUSES and not _done(first):
            time.sleep(dice.uniform(0.0, report.size(6, 4) / 10))
            actions.pause(first, operator=operator)
            paused = time.time()
            time.sleep(dice.uniform(0.2, 2.2))
            spans.append((paused, time.time()))
            actions.resume(first, operator=operator)
        wait_for(lambda: _done(first), report.size(120, 600), "the first is over", 0.2)
        moments = [line.at for line in double.journal()]
        slips = [at - start for start, end in spans for at in moments if start < at <= end]
        whole = _tally(first)
        began = len(moments)
        second = broadcast(town)
        wait_for(lambda: double.sum() >= began + RECIPIENTS // 4, 60, "the second goes out", 0.02)
        actions.stop(second, operator=operator)
        stopped = time.time()
        wait_for(lambda: not open_letters(), 60, "the rest is cancelled", 0.2)
        time.sleep(2)
        late = [line.at - stopped for line in double.journal()[began:] if line.at > stopped]
        half, counted = _tally(second), len(double.journal()) - began
        slip = max([*slips, *late], default=0.0)
        lost = RECIPIENTS - whole.get("accepted", 0) + RECIPIENTS - sum(half.values())
        doubled = began - RECIPIENTS + counted - half.get("accepted", 0)
        report.record(
            Outcome(
                "F17", f"paused and resumed {len(spans)} times, another stopped", 2 * RECIPIENTS,
                "nothing accepted > 2 s after pause or stop; 0 lost; 0 doubled",
                slip <= report.patience(STOP_SECONDS) and not lost and not doubled and half.get("cancelled", 0) > 0,
                lost=lost, doubled=doubled, recovery=slip,
                more={"after_pause": len(slips), "after_stop": len(late), "stopped": half, "judged": judge(town).of},
            )
        )  # fmt: skip


def _tally(sent: Broadcast) -> dict[str, int]:
    """How the recipients of a broadcast ended, by the ledger."""
    states: dict[str, int] = {}
    rows = dict(Outbound.objects.filter(batch=sent.pk).values_list("id", "state"))
    for outbound, refused in Recipient.objects.filter(broadcast=sent).values_list("outbound_id", "refused"):
        state = rows[outbound] if outbound else refused or "open"
        states[state] = states.get(state, 0) + 1
    return states
