"""Which addresses of the internet may be called when somebody outside named them: public ones, looked at where the socket is opened."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Inward(Exception):
    """The name leads into a network we may not call."""


def allowed(address: IPAddress, networks: Networks) -> bool:
    """Tell whether we may call this address: a public one, or one of a network that the installation allows."""
    found = inner(address)
    if any(found in network for network in networks):
        return True
    return found.is_global and not found.is_multicast and not (isinstance(found, ipaddress.IPv6Address) and found.is_site_local)


def inner(address: IPAddress) -> IPAddress:
    """Find the IPv4 address that an IPv6 one only wraps: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def connector(networks: Networks = (), **more: Any) -> aiohttp.TCPConnector:
    """Make a connector that opens no socket into an inner network, whatever a name stands for in that moment."""
    return aiohttp.TCPConnector(socket_factory=partial(_opened, networks), use_dns_cache=False, **more)


def sifted(places: Iterable[Any], networks: Networks | None) -> list[Any]:
    """Leave those of getaddrinfo's places that we may call; None: all. Raises Inward where none is left."""
    found = list(places)
    left = [each for each in found if networks is None or allowed(_address(each), networks)]
    if found and not left:
        raise Inward
    return left


def connected(host: str, port: int, networks: Networks | None, seconds: float) -> socket.socket:
    """Connect to a name, where it stands for an address that we may call; for threads. Raises Inward or OSError."""
    problem: OSError = OSError("no address")
    for place in sifted(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), networks):
        line = socket.socket(*place[:3])
        try:
            line.settimeout(seconds)
            line.connect(place[4])
            return line
        except OSError as found:
            problem = found
            with suppress(OSError):
                line.close()
    raise problem


def _address(target: Any) -> IPAddress:
    return ipaddress.ip_address(str(target[4][0]).partition("%")[0])


def _opened(networks: Networks, target: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _place = target
    if not allowed(_address(target), networks):
        raise Inward
    return socket.socket(family, kind, protocol)
