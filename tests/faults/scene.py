"""A town on the stage: channels at the double, people, and letters for them; and the judgement, ledger against journal."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from running import Running
from simulated import Double

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound, StoredContent

PIECE = 2000
VERIFY = "verify-token-of-the-tests"
NEWS = "Der Wochenmarkt zieht um"


class Person(NamedTuple):
    """Somebody at the double, and the channel that reaches them."""

    id: str
    kind: str
    channel: int
    to: str


class Written(NamedTuple):
    """What a letter of the ledger should be at the provider."""

    kind: str
    to: str
    words: str


@dataclass
class Town:
    """An organisation with channels, each an account at the double."""

    organisation: Organisation
    double: Double
    channels: list[Channel] = field(default_factory=list)
    accounts: dict[int, str] = field(default_factory=dict)  # channel -> account
    people: list[Person] = field(default_factory=list)
    written: dict[int, Written] = field(default_factory=dict)  # outbound -> what it should be
    contents: dict[str, StoredContent] = field(default_factory=dict)

    def open(self, kind: str, number: int = 1, throughput: float = 0.0) -> list[Channel]:
        """Open channels of a kind, each with an account of its own."""
        made = []
        for _ in range(number):
            account = self.double.account(kind, len(self.channels), throughput)
            config: dict[str, Any] = {"host": self.double.url}
            if kind == "whatsapp":
                config |= {"phone_number_id": account["id"], "waba_id": account["waba_id"], "access_token": account["token"]}
                config |= {"app_secret": account["secret"], "verify_token": VERIFY}
            else:
                config |= {"bot_token": account["token"], "secret_token": f"secret-{account['id']}"}
            made.append(
                Channel.objects.create(
                    organisation=self.organisation, kind=kind, name=f"{kind} {len(self.channels)}", state="running",
                    config=json.dumps(config), rate=throughput or None, token=f"{kind}-{account['id']}",
                )
            )  # fmt: skip
            self.channels.append(made[-1])
            self.accounts[made[-1].id] = account["id"]
        return made

    def subscribe(self, running: Running) -> None:
        """Let the double's webhooks reach the web process."""
        for channel in self.channels:
            url, account = f"{running.web}/webhook/{channel.kind}/{channel.token}", self.accounts[channel.id]
            if channel.kind == "whatsapp":
                self.double.ask(f"accounts/{account}/webhook", {"url": url, "verify_token": VERIFY})
            else:
                bot = json.loads(channel.config)
                wish = {"url": url, "secret_token": bot["secret_token"]}
                self.double.telegram(bot["bot_token"], "setWebhook", wish)

    def settle(self, number: int) -> list[Person]:
        """Let people move in, spread over the channels by what these may send in a second."""
        shares = [each.rate or (80.0 if each.kind == "whatsapp" else 30.0) for each in self.channels]
        made: list[Person] = []
        for channel, share in zip(self.channels, shares, strict=True):
            wanted = round(number * share / sum(shares)) if channel is not self.channels[-1] else number - len(made)
            account = self.accounts[channel.id]
            made += [Person(person, channel.kind, channel.id, to[account]) for person, to in self.double.crowd(wanted, [account])]
        self.people += made
        return made

    def write(self, people: Sequence[Person], purpose: str, words: str = NEWS, batch: int | None = None) -> list[int]:
        """Queue one text for many. Returns the outbounds' numbers."""
        if words not in self.contents:
            self.contents[words] = outbox.store(self.organisation, Content(text=words))
        content, numbers = self.contents[words].id, []
        for start in range(0, len(people), PIECE):
            piece = people[start : start + PIECE]
            rows = outbox.put_many([
                outbox.Letter(each.channel, vault.encrypt(each.to), vault.lookup(self.organisation.id, each.to), content, purpose, batch)
                for each in piece
            ])  # fmt: skip
            for each, row in zip(piece, rows, strict=True):
                self.written[row.id] = Written(each.kind, each.to, words[:60])
                numbers.append(row.id)
        return numbers


@dataclass
class Judgement:
    """Ledger against journal. `doubled` counts the surplus by (kind, purpose)."""

    of: int = 0
    lost: int = 0  # accepted for us, never seen there; or without an end; or without a row
    denied: int = 0  # failed or cancelled for us, but seen there
    unclear: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubled: Counter[tuple[str, str]] = field(default_factory=Counter)
    hidden: int = 0  # doubled without a try that shows it
    states: Counter[str] = field(default_factory=Counter)
    unsettled: int = 0  # unclear on a channel whose receipts settle doubts, though the provider had it

    @property
    def doubles(self) -> int:
        return self.doubled.total()


def judge(*towns: Town) -> Judgement:
    """Hold each row of the ledger against the double's count."""
    found = Judgement()
    double = towns[0].double
    tokens, words = _by_letter(double), double.by_words()
    rows = {
        row[0]: row[1:]
        for row in Outbound.objects.values_list("id", "purpose", "state", "tries").order_by("id").iterator(chunk_size=10_000)
    }
    for number, letter in [each for town in towns for each in town.written.items()]:
        found.of += 1
        if number not in rows:
            found.lost += 1
            continue
        times = tokens[str(number)] if letter.kind == "whatsapp" else words[letter.to, letter.words]
        _weigh(found, letter.kind, times, *rows[number])
    return found


def _by_letter(double: Double) -> Counter[str]:
    """How often each letter was accepted, by the token of its parts: as often as the part that was accepted most."""
    found: Counter[str] = Counter()
    for token, times in double.by_token().items():
        letter = token.partition(".")[0]
        found[letter] = max(found[letter], times)
    return found


def _weigh(found: Judgement, kind: str, times: int, purpose: str, state: str, tries: int) -> None:
    found.states[state] += 1
    if (state == "accepted" and not times) or state in {"queued", "sending", "doubt"}:
        found.lost += 1
    if state in {"failed", "cancelled"} and times:
        found.denied += 1
    if state == "unclear":
        found.unclear[kind, purpose] += 1
        found.unsettled += bool(kind == "whatsapp" and times)
    if times > 1:
        found.doubled[kind, purpose] += times - 1
        found.hidden += not tries


def in_flight(kind: str = "", purpose: str = "") -> int:
    """Count what is claimed this moment; right after a kill it is what nobody knows about."""
    rows = Outbound.objects.filter(state="sending")
    rows = rows.filter(channel__kind=kind) if kind else rows
    return (rows.filter(purpose=purpose) if purpose else rows).count()


def open_letters() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from gateway_outbound where state in ('queued', 'sending', 'doubt')")
        return int(cursor.fetchone()[0])


def wait_for(condition: Callable[[], object], seconds: float, what: str = "", step: float = 0.1) -> float:
    """Wait; returns how long it took. Fails with what was waited for."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"took longer than {seconds} s: {what} ({open_letters()} open)"
        time.sleep(step)
    return time.monotonic() - began


def after(moments: Sequence[float], moment: float) -> float | None:
    """Seconds from a moment to the next of others; None: none came."""
    later = [each for each in moments if each > moment]
    return min(later) - moment if later else None


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@contextmanager
def stage(folder: Path) -> Iterator[tuple[Double, Running]]:
    """A double and processes, ended whatever happens."""
    double, running = Double(), Running(folder)
    try:
        yield double, running
    finally:
        running.end()
        double.end()
