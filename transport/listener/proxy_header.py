"""The header of the PROXY protocol, versions 1 and 2, by which a proxy says who its client is. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

MAX_V1 = 107  # the longest line that version 1 allows, with CRLF
MAX_V2 = 16 * 1024
"""Addresses take at most 216 octets; the rest are values that we skip."""

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V1 = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,45}) ([0-9A-Fa-f:.]{2,45}) (\d{1,5}) (\d{1,5})")
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21


class InvalidProxyHeader(ValueError):
    """What came is no PROXY header; ``str()`` says why, for the operator."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """Who the client is, and how many octets said so; ``address`` is empty where the proxy speaks for itself."""

    address: str
    port: int
    length: int


def parse(octets: bytes) -> ProxyHeader | None:
    """The header with which ``octets`` begin; None when there is more of it to come. Raises InvalidProxyHeader."""
    if octets.startswith(_SIGNATURE):
        return _version_2(octets)
    if _SIGNATURE.startswith(octets) or b"PROXY ".startswith(octets):
        return None
    if octets.startswith(b"PROXY "):
        return _version_1(octets)
    raise InvalidProxyHeader("it did not begin with a PROXY header")


def _version_1(octets: bytes) -> ProxyHeader | None:
    end = octets.find(b"\r\n", 0, MAX_V1)
    if end < 0:
        if len(octets) >= MAX_V1:
            raise InvalidProxyHeader("its PROXY header has no end")
        return None
    line = octets[:end]
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return ProxyHeader("", 0, end + 2)
    match = _V1.fullmatch(line)
    if match is None:
        raise InvalidProxyHeader("its PROXY header is not valid")
    try:
        address = ipaddress.ip_address(match[2].decode())
        ipaddress.ip_address(match[3].decode())
    except ValueError:
        raise InvalidProxyHeader("its PROXY header names no address") from None
    if address.version != (4 if match[1] == b"TCP4" else 6):
        raise InvalidProxyHeader("its PROXY header names an address of the other family")
    return _client(address, int(match[4]), end + 2)


def _version_2(octets: bytes) -> ProxyHeader | None:
    if len(octets) < 16:
        return None
    command, family = octets[12], octets[13]
    length = 16 + int.from_bytes(octets[14:16], "big")
    if command not in (_LOCAL, _PROXY) or length > MAX_V2:
        raise InvalidProxyHeader("its PROXY header is of an unknown version, or too long")
    if len(octets) < length:
        return None
    if command == _LOCAL:
        return ProxyHeader("", 0, length)
    size = {_TCP4: 4, _TCP6: 16}.get(family)
    if size is None or length < 16 + 2 * size + 4:
        raise InvalidProxyHeader("its PROXY header tells of no TCP connection")
    address = ipaddress.ip_address(octets[16 : 16 + size])
    at = 16 + 2 * size
    return _client(address, int.from_bytes(octets[at : at + 2], "big"), length)


def _client(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, length: int) -> ProxyHeader:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified or address.is_multicast or port > 65535:
        raise InvalidProxyHeader("its PROXY header names nobody who could have connected")
    return ProxyHeader(str(address), port, length)


class HeaderReader:
    """Keeps what came of a PROXY header, until it is whole."""

    __slots__ = ("began_at", "octets")
    received_bytes = 0

    def __init__(self, *, began_at: float) -> None:
        self.octets = b""
        self.began_at = began_at

    def release(self) -> None:
        """Nothing is counted: a header is small."""
