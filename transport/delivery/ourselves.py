"""Whether an address and port is where this node itself listens: mail sent there would come back."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache


def is_own(address: str, port: int, listening: Iterable[str]) -> bool:
    """``listening`` holds ``address:port``; 0.0.0.0 and :: stand for every address of the machine."""
    for text in listening:
        host, _, own_port = text.rpartition(":")
        if own_port != str(port):
            continue
        host = _canonical(host)
        if host == _canonical(address) or (host in ("0.0.0.0", "::") and _is_local(address)):
            return True
    return False


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host.lower()


@lru_cache(maxsize=1024)
def _is_local(address: str) -> bool:
    """Only an address of this machine can be bound to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
