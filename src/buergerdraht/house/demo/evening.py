"""Run Musterstadt: everything in one, the provider's double beside it, the town filled at the first start."""

from __future__ import annotations

import socket
import sys
from datetime import datetime, timedelta

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions as broadcasts
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Content, SendError, to_json
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import actions as gateway
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.house import program
from buergerdraht.house.demo import desk, history, hour, matters, reporting, talking, town, watching, wires
from buergerdraht.house.processes import Part, answers, say


def run() -> None:
    """Start it all; the next start goes on where this one was."""
    for url in (settings.PUBLIC_URL, settings.SIMULATOR_URL):
        _free(int(url.rpartition(":")[2]))
    state = settings.DATA / "simulator.json"
    command = [sys.executable, "-m", "buergerdraht.simulator", "--port", settings.SIMULATOR_URL.rpartition(":")[2], "--state", str(state)]
    command += ["--beside", "Webchat", f"{settings.PUBLIC_URL}/p/{town.SLUG}/chat"]
    simulator = Part("simulator", command, ready=lambda: answers(settings.SIMULATOR_URL))
    program.up(beside=(simulator,), prepare=fill, ready=_ready)


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Auf Port {port} läuft schon etwas. Nehmen Sie einen anderen: make demo PORT=8100") from None


def fill() -> None:
    """Fill the town at the first start, and give the simulator the same people."""
    _fill()
    rows = Channel.objects.filter(organisation__slug=town.SLUG)
    wires.seed(settings.DATA / "simulator.json", callbacks={channel.kind: gateway.webhook_url(channel) for channel in rows})


@transaction.atomic
def _fill() -> None:
    """All of it or nothing: a start that is killed begins again."""
    organisation = town.found()
    if organisation.channels.exists():
        return
    say("Musterstadt wird eingerichtet …")
    workers = town.operators()
    wired = {
        kind: gateway.add(organisation, kind, wish, operator=workers["andrea"], applicant="municipality")
        for kind, wish in wires.wishes(settings.SIMULATOR_URL).items()
    }
    settled = town.settle(organisation, wired)
    history.send_out(organisation, settled, workers)
    desk.set_up(organisation, workers)
    talking.set_up(organisation, workers)
    history.talk(settled, workers)
    matters.remember(organisation, workers)
    desk.leave_open(settled, workers)
    talking.look_back(organisation, settled, workers)
    watching.look_back(organisation, settled, workers)
    hour.plan(organisation, settled, workers)
    reporting.report(organisation, settled, workers)
    town.unite(settled)
    _plan(workers)


def _plan(workers: dict[str, Operator]) -> None:
    """Two broadcasts ahead: one waits to be released, one is released and waits for its day."""
    morning = timezone.localtime() + timedelta(days=1)
    market = _write(
        workers["kemal"], "Wochenmarkt zieht um", ["woche"], morning.replace(hour=11, minute=0, second=0, microsecond=0),
        {
            "de": "**Der Wochenmarkt zieht um**\n\nAb Donnerstag finden Sie alle Stände auf dem Rathausplatz, wie immer von 8 bis 13 Uhr.",
            "en": "**The weekly market moves**\n\nFrom Thursday you will find all stalls on Rathausplatz, from 8 am to 1 pm as always.",
        },
    )  # fmt: skip
    later = (morning + timedelta(days=3)).replace(hour=16, minute=0, second=0, microsecond=0)
    advent = _write(
        workers["kemal"], "Veranstaltungen am ersten Advent", ["veranstaltungen"], later,
        {
            "de": "**Erster Advent**\n\n- Konzert in der Stadtkirche, 17 Uhr\n- Basteln in der Bücherei, ab 10 Uhr\n- Markt am Hafen",
            "en": "**First Advent**\n\n- Concert in the town church, 5 pm\n- Crafts in the library from 10 am\n- Market at the harbour",
        },
    )  # fmt: skip
    broadcasts.submit(market, operator=workers["kemal"])
    broadcasts.approve(broadcasts.submit(advent, operator=workers["kemal"]), operator=workers["andrea"])


def _write(author: Operator, title: str, keys: list[str], at: datetime, texts: dict[str, str]) -> Broadcast:
    organisation = Organisation.objects.get(slug=town.SLUG)
    topics = list(Topic.objects.filter(organisation=organisation, key__in=keys).values_list("id", flat=True))
    versions = {language: to_json(Content(text=text)) for language, text in texts.items()}
    return broadcasts.create(organisation, operator=author, title=title, versions=versions, audience={"topics": topics}, scheduled_at=at)


def _ready() -> None:
    """Open the channels at the double, let the first citizens write, and tell where everything is."""
    organisation = Organisation.objects.get(slug=town.SLUG)
    operator = town.operators()["andrea"]
    fresh = False
    for channel in organisation.channels.filter(state=Channel.State.SETUP):
        try:
            gateway.start(channel, operator=operator)
            if channels.limits(channel).templates:
                gateway.sync_templates(channel, operator=operator)
            fresh = True
        except SendError as problem:
            say(f"{channel.name} ließ sich nicht starten: {problem.reason} {problem.details}")
    if fresh:
        wires.talk(settings.SIMULATOR_URL)
    connections.close_all()  # the supervisor itself needs none, and an open one would outlive the database
    print(_card(), flush=True)


def _card() -> str:
    width = 80
    rows = [
        "",
        "Bürgerdraht: Stadt Musterstadt ist bereit",
        "",
        f"Konsole     {settings.PUBLIC_URL}/",
        f"Telefone    {settings.SIMULATOR_URL}/",
        f"Datenschutz {settings.PUBLIC_URL}/p/{town.SLUG}/datenschutz",
        "",
        *(f"{worker.name:<14} {worker.email:<28} {_roles(worker)}" for worker in town.WORKERS),
        f"Kennwort für alle: {town.password()}",
        "",
        "Strg+C beendet, der nächste Start macht hier weiter.",
        "",
    ]
    lines = "\n".join(f"│ {row:<{width}} │" for row in rows)
    return f"┌{'─' * (width + 2)}┐\n{lines}\n└{'─' * (width + 2)}┘"


def _roles(worker: town.Worker) -> str:
    return ", ".join(str(role.label) for role in worker.roles)
