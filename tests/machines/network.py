"""Machines made from network namespaces: each with a line of its own to the database and another to the provider, which can be cut."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass

NEEDS = "machines are network namespaces: root and the program ip (package iproute2) make them"


def possible() -> bool:
    """Tell whether we may make namespaces here: root in a container may not."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"bd-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return made


@dataclass(frozen=True)
class Line:
    """A pair of virtual cards: `far` stands in the machine, `near` with us."""

    near: str
    far: str
    net: str  # the first three numbers of its addresses

    @property
    def address(self) -> str:
        """What the machine calls to reach us."""
        return f"{self.net}.1"


@dataclass(frozen=True)
class Machine:
    name: str
    database: Line
    provider: Line

    def cut(self) -> None:
        """No packet passes between the machine and the database, and nobody is told."""
        ip("link", "set", self.database.near, "down")

    def mend(self) -> None:
        ip("link", "set", self.database.near, "up")

    @property
    def inside(self) -> list[str]:
        """The words before a command that is to run on the machine."""
        return ["ip", "netns", "exec", self.name]


@dataclass
class Network:
    """Machines, and the address under which all of them reach the provider, each over its own line."""

    machines: list[Machine]
    provider: str

    @classmethod
    def of(cls, count: int) -> Network:
        """Think it up. Its addresses are those set aside for trials of networks (RFC 2544), so that they meet nobody's."""
        first, mark = random.randrange(0, 250 - 2 * count), os.getpid() % 100_000
        machines = []
        for number in range(count):
            nets = [f"198.18.{first + 2 * number + place}" for place in (1, 2)]
            lines = [Line(f"bd{mark}{kind}{number}", f"bx{mark}{kind}{number}", net) for kind, net in zip("dp", nets, strict=True)]
            machines.append(Machine(f"bd-{mark}-{number}", *lines))
        return cls(machines, f"198.18.{first}.1")

    def build(self) -> None:
        ip("address", "add", f"{self.provider}/32", "dev", "lo")
        for machine in self.machines:
            self._make(machine)

    def _make(self, machine: Machine) -> None:
        ip("netns", "add", machine.name)
        inside = ("netns", "exec", machine.name, "ip")
        ip(*inside, "link", "set", "lo", "up")
        for line in (machine.database, machine.provider):
            ip("link", "add", line.near, "type", "veth", "peer", "name", line.far, "netns", machine.name)
            ip("address", "add", f"{line.net}.1/24", "dev", line.near)
            ip("link", "set", line.near, "up")
            ip(*inside, "address", "add", f"{line.net}.2/24", "dev", line.far)
            ip(*inside, "link", "set", line.far, "up")
        ip(*inside, "route", "add", self.provider, "via", machine.provider.address)

    def tear_down(self) -> None:
        """Take everything away; far cards go with their machine."""
        for machine in self.machines:
            for line in (machine.database, machine.provider):
                subprocess.run(["ip", "link", "del", line.near], capture_output=True)
            subprocess.run(["ip", "netns", "del", machine.name], capture_output=True)
        subprocess.run(["ip", "address", "del", f"{self.provider}/32", "dev", "lo"], capture_output=True)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
