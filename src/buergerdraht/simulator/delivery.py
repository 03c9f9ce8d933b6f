"""Carry webhooks to the owner of an account, signed and retried as each provider does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from buergerdraht.simulator.town import Account, Town

MOST_AT_ONCE = 64
STATUSES_PER_POST = 100
GATHER_SECONDS = 0.03
WHATSAPP_RETRIES = (1, 2, 4, 8, 16, 32, 60, 120, 300, *[600] * 216)  # for up to a day and a half
TELEGRAM_LONGEST = 60
TELEGRAM_LIFE = 86400


class Delivery:
    """One per simulator; ends with it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.session: aiohttp.ClientSession | None = None
        self.seats = asyncio.Semaphore(MOST_AT_ONCE)
        self.tasks: set[asyncio.Task[None]] = set()
        self.statuses: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.flushing: set[str] = set()
        self.chats: dict[tuple[str, int], asyncio.Queue[dict[str, Any]]] = {}
        self.polled: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.carried: Counter[str] = Counter()  # account -> webhooks that nobody took yet
        self.dice = random.Random(7)  # noqa: S311 - faults, not secrets

    async def start(self) -> None:
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.session:
            await self.session.close()

    def spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        if self.session is None:
            return 0
        async with self.seats:
            try:
                async with self.session.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    return answer.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                return 0

    # ── For every provider ────────────────────────────────────────────────

    def carry(self, account: Account, body: bytes, headers: Mapping[str, str], pauses: Sequence[float]) -> None:
        """Post one webhook until it is taken, with these pauses between the tries; then it is lost. Doubled and held back by the faults."""
        for _ in range(2 if self.dice.random() < account.faults.duplicates else 1):
            self.spawn(self._carry(account, body, dict(headers), pauses))

    async def _carry(self, account: Account, body: bytes, headers: dict[str, str], pauses: Sequence[float]) -> None:
        self.carried[account.id] += 1
        try:
            if self.dice.random() < account.faults.disorder:
                await asyncio.sleep(self.dice.uniform(0.05, 0.8))
            for pause in (*pauses, 0):
                if account.callback and 200 <= await self.post(account.callback, body, headers) < 300:
                    account.webhook_error = ""
                    return
                account.webhook_error = "not delivered"
                await asyncio.sleep(pause)
        finally:
            self.carried[account.id] -= 1

    # ── WhatsApp: every post on its own, concurrently, order not promised ──

    def whatsapp(self, account: Account, value: dict[str, Any], *, change: str = "messages") -> None:
        """Send one change; `value` is wrapped into the envelope and signed over its bytes, non-ASCII escaped."""
        entry: dict[str, Any] = {"id": account.waba_id, "changes": [{"field": change, "value": value}]}
        if change != "messages":
            entry["time"] = int(self.town.clock())
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signature = hmac.new(account.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}", "User-Agent": "facebookexternalua"}
        self.carry(account, body, headers, WHATSAPP_RETRIES)

    def status(self, account: Account, status: dict[str, Any]) -> None:
        """Report a status; several of a moment travel together. Nobody subscribed: nobody hears it."""
        if not account.callback:
            return
        self.statuses[account.id].append(status)
        if account.id not in self.flushing:
            self.flushing.add(account.id)
            self.spawn(self._flush(account))

    async def _flush(self, account: Account) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        self.flushing.discard(account.id)
        waiting, self.statuses[account.id] = self.statuses[account.id], []
        for start in range(0, len(waiting), STATUSES_PER_POST):
            self.whatsapp(account, {**metadata(account), "statuses": waiting[start : start + STATUSES_PER_POST]})

    # ── Telegram: one chat in order, each update until it is taken or too old ──

    def telegram(self, account: Account, chat: int, update: dict[str, Any]) -> None:
        update = {"update_id": next(self.town.counter), **update}
        kind = next(key for key in update if key != "update_id")
        default = kind not in {"chat_member", "message_reaction", "message_reaction_count"}
        if not (kind in account.allowed_updates if account.allowed_updates else default):
            return
        if not account.callback:
            self.polled[account.id].append(update)
            return
        queue = self.chats.get((account.id, chat))
        if queue is None:
            queue = self.chats[account.id, chat] = asyncio.Queue()
            self.spawn(self._chat(account, queue))
        self.carried[account.id] += 1
        queue.put_nowait(update)

    async def _chat(self, account: Account, queue: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            update = await queue.get()
            times = 2 if self.dice.random() < account.faults.duplicates else 1
            try:
                for _again in range(times):
                    await self._telegram(account, update)
            finally:
                self.carried[account.id] -= 1

    async def _telegram(self, account: Account, update: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        if account.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = account.secret
        body = json.dumps(update, ensure_ascii=False).encode()
        pause, end = 1.0, self.town.clock() + TELEGRAM_LIFE
        while account.callback and self.town.clock() < end:
            status = await self.post(account.callback, body, headers)
            if 200 <= status < 300:
                account.webhook_error = ""
                return
            account.webhook_error = f"Wrong response from the webhook: {status}" if status else "Connection failed"
            await asyncio.sleep(pause)
            pause = min(TELEGRAM_LONGEST, pause * 2)


def metadata(account: Account) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": account.number, "phone_number_id": account.id},
    }
