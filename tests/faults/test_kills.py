"""kill -9 of the engine, with a provider of our own that fails: nobody is lost, and the ledger says what it says (laws 6 and 7)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import staging
import wire
from staging import Engine, ledger, settled, wait_for

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


ENGINE = [str(Path(wire.__file__))]


@pytest.fixture
def provider() -> Iterator[wire.Provider]:
    wire.register()
    provider = wire.Provider(wire.Faults(reset_after_acceptance=0.03, server_error=0.02, too_many=0.02, duplicates=0.2))
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def town(provider: wire.Provider) -> Organisation:
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt")
    for kind in ("wire", "wire_echo"):
        config = f'{{"url": "http://127.0.0.1:{provider.port}"}}'
        Channel.objects.create(organisation=town, kind=kind, name=kind, token=f"{kind}-token", config=config, state="running")
    return town


@pytest.fixture
def told(provider: wire.Provider, town: Organisation) -> Iterator[None]:
    """A house that hears the provider's receipts."""
    with staging.house(lambda channel, event: None) as address:
        provider.webhook = f"{address}/webhook/wire_echo/wire_echo-token"
        yield
        provider.webhook = ""


def write_to_everyone(town: Organisation, citizens: int) -> None:
    """A newsletter for all, and an answer of two parts for every fifth."""
    plain, echo = Channel.objects.order_by("kind")
    news = outbox.store(town, Content(text="news"))
    letters = []
    for number in range(citizens):
        channel = echo if number % 5 < 3 else plain
        address = f"citizen{number}"
        sealed, hashed = vault.encrypt(address), vault.lookup(town.id, address)
        letters.append(outbox.Letter(channel.id, sealed, hashed, news.id, "newsletter", 1))
        if number % 10 in {0, 4}:
            answer = outbox.store(town, Content(text="one\ntwo"))
            letters.append(outbox.Letter(channel.id, sealed, hashed, answer.id, "reply"))
    outbox.put_many(letters)


def compare(provider: wire.Provider) -> dict[str, int]:
    """Hold the ledger against the provider's own count. Returns figures to report."""
    doubled = unclear = 0
    for row in Outbound.objects.select_related("content", "channel"):
        texts = row.content.content["text"].split("\n")
        counts = [provider.accepted[row.address, text] for text in texts]
        if row.state == "accepted":
            assert min(counts) >= 1, "the ledger says accepted, the provider never saw it"
        elif row.state == "unclear":
            unclear += 1
            assert row.channel.kind == "wire" or max(counts) == 0, "a receipt could have settled it"
        else:
            assert row.state == "failed"
            assert max(counts) == 0, "sent, but the ledger says failed"
        if max(counts) > 1:
            doubled += 1
            assert row.channel.kind == "wire", "a receipt could have settled it"
            assert row.purpose == "reply", "a newsletter is never sent twice"
            assert row.tries > 0, "a double that is not shown"
    return {"doubled": doubled, "unclear": unclear}


def test_two_thousand_citizens_two_kills_and_a_bad_day_at_the_provider(
    provider: wire.Provider, town: Organisation, told: None, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    write_to_everyone(town, 2000)
    engine = Engine(ENGINE)
    for share in (500, 1200):
        wait_for(lambda share=share: sum(provider.accepted.values()) >= share, 60)
        engine.kill()
        engine = Engine(ENGINE)
    wait_for(settled, 120)
    wait_for(lambda: not provider.receipts and not provider.working, 20)
    time.sleep(1.5)
    engine.end()
    figures = compare(provider)
    assert sum(ledger().values()) == 2400
    assert ledger().get("failed", 0) == 0
    told = dict(Outbound.objects.filter(channel__kind="wire_echo", purpose="newsletter").values_list("id", "receipt"))
    for number, token in provider.tokens.items():
        outbound, _, _ = token.partition(".")
        if int(outbound) in told:
            assert told[int(outbound)] == provider.reported[number]
    assert figures["unclear"] < 200
    with capsys.disabled():
        print(f"\n{ledger()} {figures} limited={provider.limited} seconds={time.monotonic() - started:.0f}")


def test_a_killed_engine_is_replaced_within_five_seconds(provider: wire.Provider, town: Organisation) -> None:
    write_to_everyone(town, 400)
    engine, spare = Engine(ENGINE), Engine(ENGINE)
    wait_for(lambda: sum(provider.accepted.values()) >= 100, 30)
    engine.kill()
    time.sleep(0.3)  # what was on its way
    before, killed_at = sum(provider.accepted.values()), time.monotonic()
    if before < 560:
        wait_for(lambda: sum(provider.accepted.values()) > before, 10)
        assert time.monotonic() - killed_at < 5
    spare.end()
