"""An SMTP client that says exactly what it is told and gives every reply as a value. It repairs nothing."""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Every line with its code, as `250 SIZE 1000`; a hyphen after the code reads as a space."""
        return "\n".join(f"{self.code} {line}" for line in self.lines)

    @property
    def enhanced(self) -> str | None:
        """RFC 2034: the status code at the beginning of the text."""
        found = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)", self.lines[-1])
        return found.group() if found else None

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return self.text


class Disconnected(Exception):
    """The server closed the connection where a reply was due."""


class SmtpClient:
    """A connection: `command` and `expect_reply` for what is well-formed, `send_bytes` for what is not."""

    def __init__(self, host: str, port: int, *, source_address: str | None = None, timeout_s: float = 10.0) -> None:
        source = (source_address, 0) if source_address else None
        self._socket: socket.socket = socket.create_connection((host, port), timeout_s, source_address=source)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def command(self, line: str) -> Reply:
        self.send_bytes(f"{line}\r\n".encode())
        return self.expect_reply()

    def expect_reply(self) -> Reply:
        lines: list[str] = []
        while True:
            line = self._read_line().decode("utf-8", "replace")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))

    def expect_close(self) -> None:
        rest = self._buffer
        while chunk := self._receive():
            rest += chunk
        assert not rest, f"expected the end of the connection, got {rest!r}"

    def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        """The handshake after STARTTLS; without a context no certificate is verified."""
        self._socket = (context or unverified()).wrap_socket(self._socket, server_hostname="localhost")

    def auth_plain(self, user: str, password: str) -> Reply:
        credentials = b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTH PLAIN {credentials}")

    def data(self, message: bytes) -> Reply:
        """What follows 354: dots stuffed, CRLF . CRLF added, nothing else touched."""
        stuffed = re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", message)
        self.send_bytes(stuffed + (b"" if message.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return self.expect_reply()

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            chunk = self._receive()
            if not chunk:
                raise Disconnected(f"the server closed the connection after {self._buffer!r}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            return b""


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Sent:
    """The replies of one transaction in order: banner, EHLO, (STARTTLS, EHLO, AUTH,) MAIL, each RCPT, DATA, end."""

    replies: tuple[Reply, ...]
    rcpts: tuple[Reply, ...]

    @property
    def last(self) -> Reply:
        return self.replies[-1]

    @property
    def is_accepted(self) -> bool:
        return len(self.rcpts) > 0 and self.last.code == 250


def send(
    host: str,
    port: int,
    mail_from: str,
    rcpts: str | Sequence[str],
    data: bytes,
    *,
    source_address: str | None = None,
    helo: str = "client.example",
    mail_parameters: str = "",
    rcpt_parameters: str = "",
    tls: ssl.SSLContext | bool = False,
    auth: tuple[str, str] | None = None,
    timeout_s: float = 10.0,
) -> Sent:
    """One message, ended at the first refusal (of all recipients, where it is of RCPT). Addresses are without <>."""
    with SmtpClient(host, port, source_address=source_address, timeout_s=timeout_s) as client:
        replies = _greet(client, helo, tls, auth)
        rcpt_replies: list[Reply] = []
        if replies[-1].is_positive:
            replies.append(client.command(f"MAIL FROM:<{mail_from}> {mail_parameters}".rstrip()))
        if replies[-1].is_positive:
            for rcpt in [rcpts] if isinstance(rcpts, str) else rcpts:
                rcpt_replies.append(client.command(f"RCPT TO:<{rcpt}> {rcpt_parameters}".rstrip()))
            replies += rcpt_replies
        if any(reply.is_positive for reply in rcpt_replies):
            replies.append(client.command("DATA"))
            if replies[-1].code == 354:
                replies.append(client.data(data))
        return Sent(tuple(replies), tuple(rcpt_replies))


def _greet(client: SmtpClient, helo: str, tls: ssl.SSLContext | bool, auth: tuple[str, str] | None) -> list[Reply]:
    replies = [client.expect_reply()]
    if replies[-1].is_positive:
        replies.append(client.command(f"EHLO {helo}"))
    if tls and replies[-1].is_positive:
        replies.append(client.command("STARTTLS"))
        if replies[-1].is_positive:
            client.start_tls(None if tls is True else tls)
            replies.append(client.command(f"EHLO {helo}"))
    if auth and replies[-1].is_positive:
        replies.append(client.auth_plain(*auth))
    return replies
