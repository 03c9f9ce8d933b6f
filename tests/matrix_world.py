"""One homeserver, our account on it, and citizens who move in; and its double in the same shape."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from tests.conftest import two_ports
from tests.homeserver import SERVER
from tests.matrix_citizens import Citizen, Ear, PhoneCitizen, listening
from tests.test_connectors_at_the_providers import Files

from buergerdraht.connectors.contract import (
    Content,
    Received,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.matrix import names
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.connector import Matrix
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.matrix import Matrix as Double
from buergerdraht.simulator.town import Town


@dataclass
class World:
    """One homeserver, our account on it, and a way to let citizens move in. `narrow` is an account that limits are set for."""

    ear: Ear
    matrix: Matrix
    narrow: Matrix
    citizen: Callable[[str], Awaitable[Any]]
    account: str
    double: Double | None = None

    async def send(self, address: str, content: Content, token: str = "") -> list[str]:
        files = Files()
        sent = []
        for position, part in enumerate(self.matrix.plan(content).parts):
            number = f"{token or uuid.uuid4().hex}.{position}"
            sent.append((await self.matrix.send(part, address, token=number, files=files)).external_id)
        return sent

    async def settled(self, citizen: Citizen) -> str:
        """Let somebody begin a conversation that we join; gives their address."""
        await citizen.begin(self.account)
        started = await self.ear.hears(
            lambda event: said(citizen, kind="start")(event) and event.sender.address == names.address(citizen.name, citizen.room)
        )
        await self.matrix.acknowledge(started.callback)
        return str(started.sender.address)


def configs(host: str) -> dict[str, MatrixConfig]:
    wide = MatrixConfig(host=host, server=SERVER, localpart="rathaus", display="Stadt Musterstadt")
    return {"wide": wide, "narrow": MatrixConfig(host=host, server=SERVER, localpart="enges_rathaus")}


async def played() -> AsyncIterator[World]:
    """Open the double as a world."""
    port = two_ports()
    found, http, town = configs(f"http://127.0.0.1:{port}"), Http(), Town()
    connectors = {name: Matrix(one, http) for name, one in found.items()}
    delivery = Delivery(town)
    double, ear = Double(town, delivery), Ear(connectors)
    for name, config in found.items():
        wish = {"name": "Stadt", "token": config.as_token, "secret": config.hs_token, "username": config.localpart, "server": SERVER}
        account = town.add_account(double.account({**wish, "rate_limited": name == "narrow"}, 1))
        account.callback = f"http://127.0.0.1:{port + 1}/hook/{name}"
    account = town.accounts[found["wide"].service]

    async def citizen(name: str) -> PhoneCitizen:
        return PhoneCitizen(double, account, town.add_person(name.title(), reads=False))

    app = web.Application(client_max_size=100 << 20)
    app.add_routes(double.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await delivery.start()
    with listening(ear, port + 1):
        for connector in connectors.values():
            await connector.activate("")
        yield World(ear, connectors["wide"], connectors["narrow"], citizen, found["wide"].account, double)
        await http.close()
        await delivery.stop()
    await runner.cleanup()


def said(citizen: Citizen, **wanted: Any) -> Callable[[Any], bool]:
    """Know a citizen's event by what it holds."""

    def of(event: Any) -> bool:
        return (
            isinstance(event, Received)
            and event.sender.handle == citizen.name
            and all(getattr(event, name) == value for name, value in wanted.items())
        )

    return of
