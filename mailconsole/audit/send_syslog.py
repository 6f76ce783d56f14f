"""Carries audit entries to a syslog host, in their order, from a worker: what was not taken is tried again.

Nobody who acts waits for it: entries stand in the database, and how far they were sent is one row.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from mailconsole.audit.models import AuditEntry, AuditExport
from mailconsole.audit.syslog import MAX_DATAGRAM, framed, message_of
from mailconsole.environment import SyslogTarget

BATCH = 500
WITHIN_S = 4.0
"""A run ends after this; the next one goes on."""
TIMEOUT_S = 3.0
SETTLE_S = 0.3
"""A host over TLS 1.3 that wants a client certificate refuses after the handshake: so long it may end it first."""
_FIELDS = ("number", "at", "actor_name", "action", "object_kind", "object_id", "summary", "reason", "peer",
           "request_id", "via", "digest")  # fmt: skip


def send_syslog(*, now: datetime) -> int:
    """Send what was not sent yet; returns how many entries were. A host that can't be reached is told in the row."""
    target: SyslogTarget | None = settings.AUDIT_SYSLOG
    if target is None:
        return 0
    sent, end = 0, time.monotonic() + WITHIN_S
    export = _export_to(target)
    while time.monotonic() < end:
        entries = list(AuditEntry.objects.filter(number__gt=export.number).order_by("number").values(*_FIELDS)[:BATCH])
        try:
            if entries:
                _send(target, [message_of(one, host=socket.gethostname(), most=_most(target)) for one in entries])
        except OSError as problem:
            _tell(export, now=now, problem=_words(problem))
            return sent
        if not entries:
            break
        # Two workers at once: the one that sent first moves the row; what both sent has the same number twice there.
        moved = AuditExport.objects.filter(pk=export.pk, number=export.number).update(number=entries[-1]["number"])
        if not moved:
            break
        export.number = entries[-1]["number"]
        sent += len(entries)
    if sent or export.problem:
        _tell(export, now=now, problem="")
    return sent


def _export_to(target: SyslogTarget) -> AuditExport:
    """How far the host got; a host that is new gets everything from the beginning."""
    name = str(target)[:300]
    with contextlib.suppress(IntegrityError), transaction.atomic():
        return AuditExport.objects.get_or_create(target=name)[0]
    return AuditExport.objects.get(target=name)


def _most(target: SyslogTarget) -> int:
    return MAX_DATAGRAM if target.scheme == "udp" else 8192


def _send(target: SyslogTarget, messages: Sequence[bytes]) -> None:
    """Raises OSError."""
    if target.scheme == "udp":
        _send_datagrams(target, messages)
        return
    with _connection(target) as connection:
        try:
            connection.sendall(b"".join(map(framed, messages)))
        except (ConnectionError, ssl.SSLEOFError):
            _hear_why(connection)
            raise
        _finish(connection)


def _send_datagrams(target: SyslogTarget, messages: Sequence[bytes]) -> None:
    """RFC 5426: whether they arrive nobody can tell; a host that refuses is noticed at the next one."""
    family, kind, protocol, _, address = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as sending:
        sending.connect(address)
        for message in messages:
            sending.send(message)


@contextlib.contextmanager
def _connection(target: SyslogTarget) -> Iterator[socket.socket]:
    with socket.create_connection((target.host, target.port), timeout=TIMEOUT_S) as plain:
        if target.scheme == "tcp":
            yield plain
            return
        context = ssl.create_default_context()  # RFC 5425 4.2: the host has to prove its name
        with context.wrap_socket(plain, server_hostname=target.host) as secure:
            yield secure


def _finish(connection: socket.socket) -> None:
    """A stream that was taken ends as we end it: what the host threw away is noticed here, and sent again.

    Raises OSError.
    """
    if isinstance(connection, ssl.SSLSocket):
        _finish_tls(connection)
        return
    connection.settimeout(TIMEOUT_S)
    connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(TimeoutError):
        while connection.recv(1024):
            pass


def _finish_tls(connection: ssl.SSLSocket) -> None:
    """RFC 5425 4.4: the host answers our close_notify; one that only closes then, as rsyslog does, read up to it.

    RFC 8446 4.4.2.4: that our certificate, or that we have none, is refused is an alert at some time after our own
    handshake has ended: an alert, a reset, an end that comes before ours and silence are no receipt.
    """
    connection.settimeout(SETTLE_S)
    with contextlib.suppress(TimeoutError):
        while connection.recv(1024):
            pass
        raise ConnectionAbortedError("the host ended the connection before all was sent")
    connection.setblocking(False)
    try:
        connection.unwrap()
    except ssl.SSLWantReadError:  # our end is sent; unwrap itself would keep to itself what the host then says
        connection.settimeout(TIMEOUT_S)
        while connection.recv(1024):
            pass


def _hear_why(connection: socket.socket) -> None:
    """What the host said before it ended the connection tells more than that it did. Raises OSError."""
    connection.settimeout(SETTLE_S)
    connection.recv(1024)


def _words(problem: OSError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLEOFError):
        return "the host ended the connection"
    if isinstance(problem, ssl.SSLError) and problem.reason:
        return f"TLS failed: {problem.reason.lower().replace('_', ' ')}"
    if isinstance(problem, TimeoutError):
        return "it did not answer in time"
    return problem.strerror or str(problem) or type(problem).__name__


def _tell(export: AuditExport, *, now: datetime, problem: str) -> None:
    AuditExport.objects.filter(pk=export.pk).update(problem=problem[:500], tried_at=now)
