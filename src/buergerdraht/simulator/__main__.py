"""`python -m buergerdraht.simulator`: the providers' double as a program of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop
from aiohttp import web

from buergerdraht.simulator import control, phones
from buergerdraht.simulator.citizens import Citizens
from buergerdraht.simulator.control import Control
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.population import Population
from buergerdraht.simulator.providers import providers
from buergerdraht.simulator.town import Town, write

LARGEST_BODY = 110 << 20
SAVE_SECONDS = 5
Beside = Sequence[Sequence[str]]  # pairs of title and address


def application(town: Town, beside: Beside = ()) -> web.Application:
    """Put providers, control and phones behind one port. `beside`: what needs no phone, for the page to point at."""
    delivery = Delivery(town)
    citizens = Citizens(town, providers(town, delivery))
    population = Population(town, citizens)

    async def tell(request: web.Request) -> web.StreamResponse:
        return await control.events(town, request)

    async def near(request: web.Request) -> web.StreamResponse:
        return web.json_response([{"title": title, "url": url} for title, url in beside])

    app = web.Application(client_max_size=LARGEST_BODY)
    app.add_routes(phones.routes())
    app.add_routes(Control(town, citizens, delivery).routes())
    app.add_routes(population.routes())
    app.add_routes([web.get("/_control/events", tell), web.get("/_control/beside", near)])
    for provider in citizens.providers.values():
        app.add_routes(provider.routes())

    async def start(_app: web.Application) -> None:
        await delivery.start()
        for provider in citizens.providers.values():
            await provider.start()

    async def stop(_app: web.Application) -> None:
        await population.stop()
        for provider in citizens.providers.values():
            await provider.stop()
        await delivery.stop()
        town.journal.flush()

    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    return app


async def run(town: Town, port: int, state: Path | None, beside: Beside = ()) -> None:
    runner = web.AppRunner(application(town, beside), access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SAVE_SECONDS)
            if state:
                await asyncio.to_thread(write, state, town.snapshot())
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="buergerdraht.simulator", description="Plays the messengers, with phones to write from.")
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--state", type=Path, help="file that keeps accounts, people and chats over a restart")
    parser.add_argument("--beside", nargs=2, action="append", default=[], metavar=("TITLE", "URL"), help="point at what needs no phone")
    options = parser.parse_args()
    town = Town(journal=options.state and options.state.with_suffix(".journal"))
    if options.state and options.state.exists():
        town.load(options.state)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(town, options.port, options.state, options.beside))


if __name__ == "__main__":
    main()
