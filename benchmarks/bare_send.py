"""The yardstick of sending: a bare aiohttp loop (uvloop, one session), the product's JSON body, its answer parsed, nothing else.

`python -m benchmarks.bare_send <url> <seconds> <concurrency>` prints what it managed after one second to warm up, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp
import msgspec
import uvloop

WARM_UP = 1.0


async def main(url: str, seconds: float, concurrency: int) -> None:
    numbers = iter(range(1, 1_000_000_000))
    begin = time.monotonic() + WARM_UP
    end = begin + seconds
    counted = 0
    cpu = 0.0

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal counted
        while (now := time.monotonic()) < end:
            number = next(numbers)
            body = msgspec.json.encode(message(f"49{1_510_000_000 + number}", f"{number}.0"))
            async with session.post(
                url, data=body, headers={"Content-Type": "application/json", "Authorization": "Bearer bench-token"}
            ) as answer:
                answered = json.loads(await answer.read())
            assert answered["messages"][0]["id"]
            counted += begin <= now and time.monotonic() <= end

    async def clock() -> None:
        nonlocal cpu
        await asyncio.sleep(WARM_UP)
        began = time.process_time()
        await asyncio.sleep(seconds)
        cpu = time.process_time() - began

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(clock(), *(one(session) for _ in range(concurrency)))
    print(json.dumps({"count": counted, "seconds": seconds, "cpu": cpu}))


def message(to: str, token: str) -> dict[str, object]:
    """What the product sends for a newsletter of a few words."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": "Der Wochenmarkt zieht um. Ab Samstag finden Sie ihn auf dem Rathausplatz.", "preview_url": False},
        "biz_opaque_callback_data": token,
    }


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
