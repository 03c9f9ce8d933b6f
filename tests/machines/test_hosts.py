"""Two machines and one database: channels are spread, handed over, and a machine that is cut off sends nothing it does not own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import network
import pytest
import stage
from django.db import connection
from stage import Part, Provider, owners, settled, spread, states, until

from buergerdraht.gateway.engine.ownership import LEASE_SECONDS
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not network.possible(), reason=network.NEEDS)]

CHANNELS = 6
STARTS = 90  # seconds a process may take to start on a busy machine
JUST_CALLED = 0.5  # a call that began right before the lease ended is on its way


@dataclass
class Scene:
    """Machines with an engine each, a database and a provider they reach over different lines."""

    network: network.Network
    database: stage.Database
    provider: Provider
    channels: list[Channel] = field(default_factory=list)
    engines: list[Part] = field(default_factory=list)

    def engine(self, number: int) -> Part:
        """Start an engine on a machine."""
        machine = self.network.machines[number]
        part = Part("engine", self.database.url(host=machine.database.address), machine.inside).start()
        self.engines.append(part)
        return part

    def calls_of(self, number: int) -> list[stage.Accepted]:
        address = f"{self.network.machines[number].provider.net}.2"
        return [one for one in list(self.provider.accepted) if one.machine == address]

    def both(self) -> tuple[Part, Part]:
        """Start one on each machine, and wait until the channels are spread."""
        engines = self.engine(0), self.engine(1)
        until(lambda: sorted(spread().values()) == [CHANNELS // 2] * 2, STARTS)
        return engines


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[network.Network, stage.Database, Provider]]:
    net = network.Network.of(2)
    with stage.own_folder() as folder:
        try:
            net.build()
            database = stage.make_database(folder)
            database.start([machine.database.address for machine in net.machines])
            provider = Provider([net.provider])
            provider.start()
            yield net, database, provider
            provider.stop()
            database.stop()
        finally:
            net.tear_down()


@pytest.fixture(scope="module")
def house(built: tuple[network.Network, stage.Database, Provider], request: pytest.FixtureRequest) -> Iterator[Scene]:
    net, database, provider = built
    with request.getfixturevalue("django_db_blocker").unblock(), stage.pointed(database.url()):
        yield Scene(net, database, provider)


@pytest.fixture
def scene(house: Scene) -> Iterator[Scene]:
    """A town with six channels at a provider both machines reach."""
    fresh = Scene(house.network, house.database, house.provider)
    fresh.provider.accepted.clear()
    fresh.channels = stage.found_town([f"http://{fresh.network.provider}:{fresh.provider.port}"] * CHANNELS)
    try:
        yield fresh
    finally:
        for machine in fresh.network.machines:
            machine.mend()
        for engine in fresh.engines:
            engine.end()
        stage.empty()


def everything_went_out_once(scene: Scene, citizens: int, text: str = "news") -> None:
    counts = scene.provider.counts()
    assert states() == {"accepted": citizens}
    assert len(counts) == citizens
    assert set(counts.values()) == {1}


def test_channels_are_spread_evenly_and_stay_where_they_are(scene: Scene) -> None:
    first = scene.engine(0)
    until(lambda: spread() == {first.place: CHANNELS}, STARTS)
    second = scene.engine(1)
    until(lambda: spread() == {first.place: CHANNELS // 2, second.place: CHANNELS // 2}, STARTS)
    settled_so = owners()
    stage.write(scene.channels, range(300))
    until(settled, 30)
    assert owners() == settled_so, "channels wander"
    everything_went_out_once(scene, 300)
    assert scene.calls_of(0)
    assert scene.calls_of(1)


def test_a_killed_engine_is_replaced_within_five_seconds_and_doubles_nothing(scene: Scene) -> None:
    first, second = scene.both()
    stage.write(scene.channels, range(900))
    until(lambda: len(scene.provider.accepted) > 200, 30)
    first.kill()
    in_flight = Outbound.objects.filter(state="sending", claimed_by__contains=f":{first.process.pid}:").count()
    seconds = until(lambda: spread() == {second.place: CHANNELS}, 10)
    assert seconds <= 5
    until(settled, 60)
    counts = scene.provider.counts()
    assert max(counts.values()) == 1, "a newsletter is never sent twice"
    ended = states()
    assert ended["accepted"] + ended["unclear"] == 900
    assert len(counts) >= 900 - ended["unclear"], "nobody is lost"
    assert ended["unclear"] <= in_flight, "only what was in flight can be unclear"
    print(f"killed: taken over after {seconds:.2f} s, {ended['unclear']} unclear of 900, {in_flight} were in flight")


def test_an_engine_that_ends_hands_over_within_a_second_and_leaves_no_doubt(scene: Scene) -> None:
    first, second = scene.both()
    stage.write(scene.channels, range(900))
    until(lambda: len(scene.provider.accepted) > 200, 30)
    first.process.terminate()
    seconds = until(lambda: spread() == {second.place: CHANNELS}, 10)
    assert seconds <= 1
    until(settled, 60)
    everything_went_out_once(scene, 900)
    assert first.process.wait(20) == 0
    print(f"ended: handed over after {seconds:.2f} s")


def test_a_call_that_hangs_does_not_keep_the_channel_and_is_nobodys_orphan(scene: Scene) -> None:
    first, second = scene.both()
    scene.provider.latency = 6.0
    try:
        stage.write(scene.channels, range(CHANNELS))
        until(lambda: states()["sending"] == CHANNELS, 10)
        first.process.terminate()
        assert until(lambda: spread() == {second.place: CHANNELS}, 10) <= 1
        until(settled, 20)
    finally:
        scene.provider.latency = 0.05
    everything_went_out_once(scene, CHANNELS)


def test_a_machine_cut_off_in_mid_broadcast_sends_nothing_it_does_not_own(scene: Scene) -> None:
    _, second = scene.both()
    theirs = {channel for channel, engine in owners().items() if engine != second.place}
    stage.write(scene.channels, range(2400))
    until(lambda: len(scene.calls_of(0)) > 150, 30)
    cut, cut_at = scene.network.machines[0], time.monotonic()
    cut.cut()
    seconds = until(lambda: spread() == {second.place: CHANNELS}, 10)
    assert seconds <= 5
    time.sleep(max(0.0, cut_at + LEASE_SECONDS + JUST_CALLED - time.monotonic()))
    silent_from = len(scene.calls_of(0))
    until(
        lambda: Outbound.objects.filter(channel__in=theirs, state="accepted", claimed_by__contains=f":{second.process.pid}:").exists(), 10
    )
    time.sleep(2)
    late = [one for one in scene.calls_of(0) if one.at > cut_at + LEASE_SECONDS + JUST_CALLED]
    assert not late, "it called the provider although it was cut off"
    cut.mend()
    until(lambda: sorted(spread().values()) == [CHANNELS // 2] * 2, 20)
    until(settled, 60)
    counts = scene.provider.counts()
    assert max(counts.values()) == 1, "a newsletter is never sent twice"
    ended = states()
    assert ended["accepted"] + ended["unclear"] == 2400
    assert len(counts) >= ended["accepted"], "nobody is lost"
    assert len(scene.calls_of(0)) > silent_from, "back again, it works again"
    print(f"cut off: taken over after {seconds:.2f} s, {ended['unclear']} unclear of 2400")


HOLDER = """
import os, time, django
django.setup()
from django.db import connection
connection.cursor().execute("select pg_advisory_lock(7, 7)")
print("held", flush=True)
time.sleep(90)
"""


def test_what_a_worker_holds_is_free_again_five_seconds_after_its_machine_is_cut_off(scene: Scene) -> None:
    machine = scene.network.machines[0]
    part = Part("worker", scene.database.url(host=machine.database.address), more={"DJANGO_SETTINGS_MODULE": "buergerdraht.settings"})
    holder = subprocess.Popen([*machine.inside, sys.executable, "-c", HOLDER], env=part.environment, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        machine.cut()
        assert until(lambda: not held(), 10) <= 5
    finally:
        machine.mend()
        holder.kill()
        holder.wait(10)


def held() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where locktype = 'advisory' and classid = 7 and objid = 7")
        return cursor.fetchone() is not None
