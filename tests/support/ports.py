"""Ports for what a test starts: below those that the system gives to connections, so that each is still free after a
moment or a restart, whatever else runs on the machine."""

import random
import socket

LOWEST, HIGHEST = 20_000, 30_000
_given: set[int] = set()


def free_port() -> int:
    """On 127.0.0.1, at which nobody listens, and never given before in this process."""
    while True:
        port = random.SystemRandom().randrange(LOWEST, HIGHEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
