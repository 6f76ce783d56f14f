"""The clients of bench/scale.py: sessions that say nothing, messages that come again when told to."""

import socket
import time

from run import CannotMeasure


def open_session(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    talk(client, b"")
    talk(client, b"EHLO bench.example\r\n")
    return client


def talk(client: socket.socket, line: bytes) -> bytes:
    """Say something and return the whole reply."""
    client.sendall(line)
    reply = b""
    while not (reply.endswith(b"\r\n") and reply.splitlines()[-1][3:4] == b" "):
        data = client.recv(65536)
        if not data:
            raise CannotMeasure(f"the node closed the connection after {reply!r}")
        reply += data
    return reply


def send(port: int, body: bytes) -> None:
    with open_session(port) as client:
        client.settimeout(300)
        for line in (b"MAIL FROM:<a@acme.example>\r\n", b"RCPT TO:<b@partner.example>\r\n", b"DATA\r\n"):
            talk(client, line)
        client.sendall(body)
        reply = talk(client, b"\r\n.\r\n")
    if not reply.startswith(b"250"):
        raise NotTaken(f"a message was not taken: {reply!r}")


class NotTaken(CannotMeasure):
    """The node said no, or later."""


def send_patiently(port: int, body: bytes, told_later: list[bytes]) -> None:
    """As a mail server does: what is told to come later comes again, here after a second."""
    while True:
        try:
            return send(port, body)
        except NotTaken as error:
            if "452" not in str(error) or len(told_later) > 1000:
                raise
            told_later.append(b"452")
            time.sleep(1)
