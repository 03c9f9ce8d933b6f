"""One broadcast to citizens on every messenger there is, with faults on: the ledger agrees with every double's journal.

In full 10,000 people; in short a few hundred. Every provider limits, fails, tears connections and doubles its webhooks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import report
from django.conf import LazySettings
from running import Running
from scene import NEWS, Person, Town, wait_for
from simulated import Double, free_port
from subscribers import broadcast, subscribe

from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts import ledger
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.house.demo.wired import wired
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers import providers
from buergerdraht.simulator.town import Town as Simulated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHORT = {
    "whatsapp": 150, "telegram": 90, "email": 60, "sms": 60, "webpush": 50, "messenger": 40, "instagram": 30, "threema": 30, "matrix": 20,
    "signal": 5,
}  # fmt: skip
FULL = {
    "whatsapp": 4200, "telegram": 2600, "email": 1000, "sms": 900, "webpush": 700, "messenger": 300, "instagram": 150, "threema": 100,
    "matrix": 40, "signal": 10,
}  # fmt: skip
FAULTS = {"too_many": 0.04, "retry_after": 1, "broken": 0.04, "reset": 0.03, "duplicates": 0.2, "disorder": 0.2}
# A mail server that has too much says no time, so each such answer costs a rest of a minute: one in twenty-five would be an hour of rests.
GENTLER = {"email": {"too_many": 0.004}}
LONGEST = report.size(300, 900)
OPEN = ("queued", "sending", "doubt")
GONE, TWICE, SEEN = "accepted, but never seen there", "sent twice", "seen there, but failed for us"
OPEN_STILL, SUMS = "no end state", "sums"


def test_a_broadcast_on_every_messenger_is_accounted_for(settings: LazySettings, tmp_path: Path) -> None:
    port = free_port()
    settings.SIMULATOR_URL = f"http://127.0.0.1:{port}"
    running = Running(tmp_path)
    town, state = Town(Organisation.objects.create(slug="musterstadt", name="Musterstadt"), None), tmp_path / "simulator.json"  # type: ignore[arg-type]
    people = move_in(town, running, settings.SIMULATOR_URL, state)
    double = Double(port, state=state)
    try:
        running.start("web")
        running.wait_for_web()
        for channel in town.channels:  # as "Kanal starten" does: some accounts come to be by it
            address = f"{running.web}/webhook/{channel.kind}/{channel.token}"
            channels.ask(channel, lambda connector, address=address: connector.activate(address))  # type: ignore[misc]
        for channel in town.channels:
            double.weather(town.accounts[channel.pk], **FAULTS | GENTLER.get(channel.kind, {}))
        contacts = subscribe(town, people)
        sent = broadcast(town)
        running.start("worker", "engine")
        began = time.monotonic()
        try:
            wait_for(lambda: Broadcast.objects.get(pk=sent.pk).state == "done", LONGEST, "the broadcast", step=0.5)
        except AssertionError as problem:
            open_ = Outbound.objects.filter(batch=sent.pk, state__in=OPEN).values_list("channel__kind", "state", "reason", "tries")
            raise AssertionError(f"{problem}: {Counter(open_)}") from None
        seconds = time.monotonic() - began
        time.sleep(1.0)
        wrong, unclear = judge(town, sent, contacts, double)
        report.record(
            report.Outcome(
                "all", f"one broadcast to people on {len(town.channels)} messengers, each limiting, failing, tearing, doubling",
                of=len(people), lost=sum(wrong[GONE].values()), doubled=sum(wrong[TWICE].values()), unclear=unclear,
                passes="one end state each; the ledger agrees with every journal; unclear only what was torn",
                met=not any(wrong.values()),
                more={"seconds": round(seconds)} | {what: found.most_common(12) for what, found in wrong.items() if found},
            )
        )  # fmt: skip
    finally:
        running.end()
        double.end()


def move_in(town: Town, running: Running, simulator: str, state: Path) -> list[Person]:
    """Open an account and a channel for every messenger that reaches people, and let citizens move in on each."""
    simulated = Simulated()
    doubles = providers(simulated, Delivery(simulated))
    numbers, made, first = report.size(SHORT, FULL), [], 2000
    for kind, found in wired().items():
        if found.known is None or found.account is None:
            continue
        assert kind in numbers, f"say how many people are on {kind}"
        config, account = found.config(simulator), found.account(f"{running.web}/webhook/{kind}/{kind}-many")
        if kind == "email":
            account.data = {"smtp_port": free_port(), "imap_port": free_port()}
            config = config.model_copy(update=account.data)
        simulated.add_account(account)
        channel = Channel.objects.create(
            organisation=town.organisation, kind=kind, name=found.name, config=channels.sealed(config), state="running",
            token=f"{kind}-many",
        )  # fmt: skip
        town.channels.append(channel)
        town.accounts[channel.pk] = account.id
        begin = 0 if kind == "sms" else first
        for number in range(begin, begin + numbers[kind]):
            known = found.known(number, "Vera")
            person = simulated.add_person("Vera Beispiel", id=f"{kind}-{number}", **known.told)
            doubles[kind].move_in(account, person)
            made.append(Person(person.id, kind, channel.pk, known.address))
        first += numbers[kind]
    simulated.save(state)
    return made


def judge(town: Town, sent: Broadcast, contacts: Mapping[str, int], double: Double) -> tuple[dict[str, Counter[str]], int]:
    """Hold the ledger against the journals: each person, each state, each sum. Returns what is wrong, by kind, and how many are unclear."""
    times: Counter[str] = Counter(line.person for line in double.journal() if NEWS[:20] in line.words or line.words in NEWS)
    rows = {
        row[0]: row[1:]
        for row in sent.recipients.values_list("contact_id", "outbound__state", "outbound__tries", "refused", "channel__kind")
    }
    wrong: dict[str, Counter[str]] = {name: Counter() for name in (GONE, TWICE, OPEN_STILL, SEEN, SUMS)}
    for person, contact in contacts.items():
        state, tries, refused, kind = rows.get(contact, ("", 0, "no row", ""))
        if refused or state in OPEN:
            wrong[OPEN_STILL][f"{kind} {state} {refused}"] += 1
        if state == "accepted" and not times[person]:
            wrong[GONE][kind] += 1
        if state in {"failed", "cancelled"} and times[person]:
            wrong[SEEN][kind] += 1
        if times[person] > 1 and shown(double, person, kind) > 1:  # a push that was torn is sent again and takes the place of the first
            wrong[TWICE][f"{kind} {tries} {times[person]}"] += 1
    counted = ledger.count(sent).total
    if len(rows) != len(contacts) or counted.total != len(contacts) or counted.steps["failed"]:
        wrong[SUMS][f"{len(rows)} rows, {counted.total} counted, {counted.steps['failed']} failed"] += 1
    unclear = Counter(Outbound.objects.filter(batch=sent.pk, state="unclear").values_list("channel__kind", flat=True))
    counts = double.counts()
    for channel in town.channels:  # what is unclear was torn there: nothing is held back without a reason
        met = counts[town.accounts[channel.pk]]
        if unclear[channel.kind] > met["torn"] + met["hung"] + met["broken"]:
            wrong[SUMS][f"{channel.kind}: {unclear[channel.kind]} unclear, torn {met['torn']}"] += 1
    return wrong, unclear.total()


def shown(double: Double, person: str, kind: str) -> int:
    """Count what a phone shows of us."""
    chats = double.ask(f"people/{person}/phone")["chats"]
    return sum(bubble["ours"] and not bubble["deleted"] for chat in chats if chat["kind"] == kind for bubble in chat["messages"])
