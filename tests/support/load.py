"""Clients that send one message after another while things break, and remember which of them were taken.

load = Load(node.smtp); load.start(); ...; load.stop(); assert load.taken <= arrived(sink) <= load.tried
"""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.support.sink import Sink
from tests.support.smtp import Disconnected, SmtpClient

Body = Callable[[int], bytes]


def small(number: int) -> bytes:
    return b"A line.\r\n"


def of_all_sizes(number: int) -> bytes:
    """Empty, a line, a page of the spool and a little more, above what is a file of its own, megabytes."""
    sizes = (0, 9, 4096, 5000, 65_000, 262_144, 262_200, 1_500_000)
    size = sizes[number % len(sizes)]
    return random.Random(number).randbytes(size // 2 + 1).hex().encode()[:size] + b"\r\n"


class Load:
    """``address`` may be several: each client takes them in turn. ``rcpts`` gives the recipients of a message."""

    def __init__(
        self,
        *address: tuple[str, int],
        senders: int = 4,
        body: Body = small,
        rcpts: Callable[[int], Sequence[str]] = lambda number: ["b@partner.example"],
        tls: bool = False,
    ) -> None:
        self.taken: dict[str, tuple[str, ...]] = {}
        self.tried: set[str] = set()
        self.replies: Counter[str] = Counter()
        self._addresses = address
        self._body = body
        self._rcpts = rcpts
        self._tls = tls
        self._numbers = itertools.count(1)
        self._is_over = False
        self._threads = [
            threading.Thread(target=self._run, args=(n,), name=f"sender {n}", daemon=True) for n in range(senders)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()

    def wait_for(self, count: int, *, timeout_s: float = 30) -> None:
        """Until so many were taken."""
        until = time.monotonic() + timeout_s
        while len(self.taken) < count:
            assert time.monotonic() < until, self.replies
            time.sleep(0.01)

    def _run(self, first: int) -> None:
        for turn in itertools.count(first):
            if self._is_over:
                return
            try:
                with SmtpClient(*self._addresses[turn % len(self._addresses)], timeout_s=15) as client:
                    self._session(client)
            except (OSError, Disconnected):
                time.sleep(0.05)

    def _session(self, client: SmtpClient) -> None:
        if not client.expect_reply().is_positive:
            return
        client.command("EHLO client.example")
        if self._tls:
            client.command("STARTTLS")
            client.start_tls()
            client.command("EHLO client.example")
        while not self._is_over and self._send(client):
            pass

    def _send(self, client: SmtpClient) -> bool:
        number = next(self._numbers)
        subject, rcpts = f"message {number}", self._rcpts(number)
        self.tried.add(subject)
        for line in ("MAIL FROM:<a@acme.example>", *(f"RCPT TO:<{one}>" for one in rcpts), "DATA"):
            reply = client.command(line)
            if reply.code not in (250, 354):
                self.replies[reply.text] += 1
                return False
        reply = client.data(f"Subject: {subject}\r\n\r\n".encode() + self._body(number))
        self.replies[str(reply.code)] += 1
        if reply.code == 250:
            self.taken[subject] = tuple(rcpts)
        return reply.code in (250, 450, 451, 452)


def arrived(sink: Sink) -> Counter[str]:
    """How often each message came, by its subject."""
    return Counter(message.headers("Subject")[0].decode() for message in list(sink.received))


def missing(load: Load, sink: Sink) -> set[tuple[str, str]]:
    """(subject, recipient) that was taken and has not arrived."""
    came = {
        (message.headers("Subject")[0].decode(), rcpt) for message in list(sink.received) for rcpt in message.rcpt_to
    }
    return {(subject, rcpt) for subject, rcpts in list(load.taken.items()) for rcpt in rcpts} - came


def wait_until_none_is_missing(load: Load, sink: Sink, *, timeout_s: float = 60) -> None:
    until = time.monotonic() + timeout_s
    while lost := missing(load, sink):
        assert time.monotonic() < until, f"{len(lost)} of {len(load.taken)} are missing: {sorted(lost)[:5]}"
        time.sleep(0.1)
