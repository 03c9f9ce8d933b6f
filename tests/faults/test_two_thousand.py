"""Two thousand citizens (in short: 600) on WhatsApp and Telegram, a bad day at both providers, and the engine killed twice.

The simulator keeps its own count of what it accepted; the ledger must agree with it, lose nobody, and show every doubt.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent))

import report
import staging
from staging import Engine, ledger, settled, wait_for

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.telegram import Telegram
from buergerdraht.simulator.providers.whatsapp import WhatsApp
from buergerdraht.simulator.town import Account, Faults, Person, Town

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CITIZENS = report.size(600, 2000)
BAD_DAY = Faults(latency=0.03, reset=0.03, broken=0.05, too_many=0.02, duplicates=0.2, disorder=0.3)
WORDS = {"newsletter": "Der Wochenmarkt zieht um", "reply": "Ihr Ausweis liegt bereit"}
NUMBER, BOT = "106540352242922", "7300000001"
SECRETS = {"whatsapp": "whatsapp-secret-of-the-test", "telegram": "telegram-secret-of-the-test"}


class Providers:
    """The simulator in a thread of its own."""

    def __init__(self) -> None:
        self.town = Town()
        self.town.add_account(Account("whatsapp", NUMBER, "Musterstadt", "access-token", secret=SECRETS["whatsapp"], number="493023125100"))
        self.town.add_account(Account("telegram", BOT, "Musterstadt", f"{BOT}:token-of-the-test", secret=SECRETS["telegram"]))
        for account in self.town.accounts.values():
            account.faults = BAD_DAY
        self.loop = asyncio.new_event_loop()
        self.stopping = asyncio.Event()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.thread.start()
        assert self.started.wait(10)

    async def _serve(self) -> None:
        delivery = Delivery(self.town)
        await delivery.start()
        app = web.Application()
        app.add_routes([*WhatsApp(self.town, delivery).routes(), *Telegram(self.town, delivery).routes()])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.started.set()
        await self.stopping.wait()
        await delivery.stop()
        await runner.cleanup()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(20)

    def accepted(self) -> int:
        return sum(counts.accepted for counts in list(self.town.counts.values()))

    def count(self) -> Counter[tuple[str, str]]:
        """How often each person was sent each kind of text."""
        counted: Counter[tuple[str, str]] = Counter()
        for line in self.town.journal.lines():
            counted[line["person"], next(purpose for purpose, words in WORDS.items() if words == line["words"])] += 1
        return counted


@pytest.fixture
def providers() -> Iterator[Providers]:
    providers = Providers()
    yield providers
    providers.stop()


@pytest.fixture
def channels(providers: Providers) -> dict[str, Channel]:
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt")
    configs = {
        "whatsapp": {
            "phone_number_id": NUMBER,
            "waba_id": "102290129340398",
            "access_token": "access-token",
            "app_secret": SECRETS["whatsapp"],
        },
        "telegram": {"bot_token": f"{BOT}:token-of-the-test", "secret_token": SECRETS["telegram"]},
    }
    return {
        kind: Channel.objects.create(
            organisation=town,
            kind=kind,
            name=kind,
            token=f"{kind}-token",
            state="running",
            config=json.dumps({**config, "host": providers.url}),
        )
        for kind, config in configs.items()
    }


def write_to_everyone(providers: Providers, channels: dict[str, Channel]) -> dict[bytes, Person]:
    """A newsletter for all, an answer for every fourth. Returns who is behind each address."""
    organisation = channels["whatsapp"].organisation
    stored = {purpose: outbox.store(organisation, Content(text=words)) for purpose, words in WORDS.items()}
    people: dict[bytes, Person] = {}
    letters = []
    for number in range(CITIZENS):
        kind = "whatsapp" if number % 5 < 3 else "telegram"
        person = providers.town.add_person(f"Person {number}", last_written={NUMBER: time.time()}, started=[BOT])
        address = person.user_id if kind == "whatsapp" else str(person.telegram_id)
        sealed, hashed = vault.encrypt(address), vault.lookup(organisation.id, address)
        people[hashed] = person
        for purpose in ("newsletter", "reply") if number % 4 == 0 else ("newsletter",):
            letters.append(
                outbox.Letter(channels[kind].id, sealed, hashed, stored[purpose].id, purpose, 1 if purpose == "newsletter" else None)
            )
    outbox.put_many(letters)
    return people


def compare(counted: Counter[tuple[str, str]], people: dict[bytes, Person]) -> Counter[str]:
    """Hold each row of the ledger against the simulator's count. Returns figures to report."""
    figures: Counter[str] = Counter()
    for row in Outbound.objects.select_related("channel"):
        times = counted[people[bytes(row.address_hash)].id, row.purpose]
        settles = row.channel.kind == "whatsapp"
        figures[f"{row.channel.kind} {row.state}"] += 1
        if row.state == "accepted":
            assert times >= 1, "lost: the ledger says accepted, the provider never saw it"
        else:
            assert row.state == "unclear", f"{row.state} {row.reason} {row.details}"
            assert not (settles and times), "a receipt could have settled it"
        if times > 1:
            figures["doubled"] += 1
            assert not settles, "a receipt could have settled it"
            assert row.purpose == "reply", "a newsletter is never sent twice"
            assert row.tries > 0, "a double that is not shown"
        if settles and times:
            assert row.receipt == "delivered"
    return figures


def test_the_ledger_says_what_the_providers_say(
    providers: Providers, channels: dict[str, Channel], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with staging.house(lambda channel, event: None) as address:
        for kind, account in zip(("whatsapp", "telegram"), providers.town.accounts.values(), strict=True):
            account.callback = f"{address}/webhook/{kind}/{kind}-token"
        people = write_to_everyone(providers, channels)
        engine = Engine(["-m", "buergerdraht", "engine"])
        for share in (CITIZENS * 3 // 10, CITIZENS * 13 // 20):
            wait_for(lambda share=share: providers.accepted() >= share, 60)
            engine.kill()
            engine = Engine(["-m", "buergerdraht", "engine"])
        wait_for(settled, 300)  # four failures in a row, rare at these shares, wait 80 seconds; a fifth 180 more
        wait_for(
            lambda: not Outbound.objects.filter(channel=channels["whatsapp"], state="accepted").exclude(receipt="delivered").exists(), 30
        )
        engine.end()
    figures = compare(providers.count(), people)
    assert sum(ledger().values()) == CITIZENS * 5 // 4
    assert not InboundEvent.objects.filter(state="kept").exists()
    with capsys.disabled():
        print(f"\n{dict(figures)} accepted={providers.accepted()} seconds={time.monotonic() - began:.0f}")
