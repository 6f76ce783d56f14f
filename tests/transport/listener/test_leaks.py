"""A peer that goes, at whatever point and by whatever way, leaves nothing behind: session, counts, memory, task."""

import contextlib
import socket
import struct

import pytest

from tests.support.listener import Passwords, connector, mail_flow, running
from transport.config.objects import PermissionGroup

OPENING = [b"EHLO x\r\n", b"MAIL FROM:<a@x.example>\r\n", b"RCPT TO:<b@acme.example>\r\n", b"DATA\r\n"]
STAGES = {
    "greeting": b"",
    "half_a_command": b"EH",
    "ehlo": OPENING[0],
    "mail": b"".join(OPENING[:2]),
    "rcpt": b"".join(OPENING[:3]),
    "data": b"".join(OPENING),
    "half_a_message": b"".join(OPENING) + b"x" * 100_000,
    "refused": b"".join(OPENING[:2]) + b"RCPT TO:<b@elsewhere.example>\r\n" * 3,
    "commit": b"".join(OPENING) + b"x\r\n.\r\nMAIL FROM:<c@x.example>\r\n",
    "starttls": b"EHLO x\r\nSTARTTLS\r\n",
    "quit": b"QUIT\r\n",
}


def go(connection: socket.socket, way: str) -> None:
    if way == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == "half":
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
    connection.close()


def left(server) -> tuple[object, ...]:
    context = server.listener._context
    counts = context.connections
    return len(context.sessions), context.memory.reading.used_bytes, counts._by_connector, counts._by_source


@pytest.mark.parametrize("way", ["close", "reset", "half"])
@pytest.mark.parametrize("stage", STAGES)
def test_peer_gone__at_any_stage__leaves_nothing(stage, way, loop, tls_context):
    flow = mail_flow(connector(tarpit_interval=1))
    with running(flow, loop=loop, tls_context=tls_context) as server:
        server.intake.is_waiting = stage == "commit" and way != "half"
        with socket.create_connection(server.address()) as connection:
            connection.recv(100)
            connection.sendall(STAGES[stage])
            if stage == "commit":
                server.wait_until(lambda: server.intake.messages)
            go(connection, way)
        if server.intake.is_waiting:
            server.wait_until(lambda: server.intake.waiting)
            server.call(server.intake.finish)
        server.wait_until(lambda: left(server) == (0, 0, {}, {}))
        assert len(server.intake.messages) == (stage == "commit")


@pytest.mark.parametrize("said", ["AUTH LOGIN", "AUTH LOGIN YW5uYQ==", "AUTH PLAIN"])
def test_peer_gone__within_auth__leaves_nothing(said, loop, tls_context):
    flow = mail_flow(connector(permission_groups=(PermissionGroup.EXCHANGE_USERS,)))
    with running(flow, loop=loop, tls_context=tls_context, authenticator=Passwords()) as server:
        with server.greeted() as client:
            client.command("STARTTLS")
            client.start_tls()
            client.command("EHLO x")
            assert client.command(said).code == 334
        server.wait_until(lambda: left(server) == (0, 0, {}, {}))
