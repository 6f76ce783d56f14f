"""Whether a part answers: one short question each, never an exception."""

from __future__ import annotations

import http.client
import socket

from redis import Redis
from redis.exceptions import RedisError

from mailconsole.environment import HostPort
from mailconsole.nodes.snapshots import read_live

TIMEOUT_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def web_answers(address: HostPort) -> bool:
    connection = http.client.HTTPConnection(_ANY.get(address.host, address.host), address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/account/sign-in/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def smtp_answers(address: HostPort) -> bool:
    """Whether somebody says 220; the connection is ended politely."""
    try:
        with socket.create_connection((_ANY.get(address.host, address.host), address.port), TIMEOUT_S) as peer:
            greeting = peer.recv(512)
            peer.sendall(b"QUIT\r\n")
            return greeting.startswith(b"220")
    except OSError:
        return False


def node_reports(node: str, *, since: float) -> bool:
    """Whether the node, started after `since`, shows itself and listens. The port says nothing: all nodes share it."""
    return any(one.node == node and one.started_at >= since and one.listening for one in read_live().snapshots)


def redis_answers(url: str) -> bool:
    client = Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()
