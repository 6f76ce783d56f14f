"""The addresses that may hide others from this node: its default gateways, which strangers share behind a NAT."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from pathlib import Path

ROUTES_4, ROUTES_6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
NONE_6 = "0" * 32


def gateways(routes_4: Path = ROUTES_4, routes_6: Path = ROUTES_6) -> tuple[str, ...]:
    """The default gateways of this machine; none where the system does not tell them."""
    found = [*_lines(routes_4, _gateway_4), *_lines(routes_6, _gateway_6)]
    return tuple(dict.fromkeys(address for address in found if address))


def _lines(path: Path, read: Callable[[list[str]], str]) -> list[str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(read(line.split()))
        except (ValueError, IndexError, struct.error):
            continue  # a heading
    return found


def _gateway_4(fields: list[str]) -> str:
    """Destination, gateway and mask are hexadecimal numbers in the machine's own order of octets."""
    destination, gateway, mask = (int(fields[at], 16) for at in (1, 2, 7))
    if destination or mask or not gateway:
        return ""
    return str(ipaddress.IPv4Address(struct.pack("=I", gateway)))


def _gateway_6(fields: list[str]) -> str:
    destination, length, gateway = fields[0], int(fields[1], 16), fields[4]
    if destination != NONE_6 or length or gateway == NONE_6:
        return ""
    return str(ipaddress.IPv6Address(int(gateway, 16)))
