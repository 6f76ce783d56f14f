"""A living example: mail into a sink of ours, so that a newcomer sees what the pages show."""

from __future__ import annotations

import random
import socket
import time
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.refusals import Refusal
from mailconsole.runtime.demo import mail_flow, sink, traffic
from mailconsole.runtime.demo.publish import ask_for
from mailconsole.runtime.supervisor.status import status

RUNS_WITHIN_S = 10.0
SENDERS = 8


class Command(TerminalCommand):
    help = "Send a bounded stream of example mail into a sink of ours; --remove takes its configuration away."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="take the demo's objects out of the configuration")
        parser.add_argument("--messages", type=int, default=600, help="how many messages (default 600, at most 20000)")
        parser.add_argument("--per-second", type=float, default=3.0, help="how fast (default 3, at most 50)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["remove"]:
                self._remove()
            else:
                self._run(options["messages"], options["per_second"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _remove(self) -> None:
        document = load_document(head_revision())
        if not mail_flow.has_demo(document):
            self.stdout.write("There is no demo in the configuration.")
            return
        asked = ask_for(mail_flow.without_demo(document), title="Remove the demo", reason="./console demo --remove")
        self._tell(asked.is_published, asked.change.pk, "The demo is out of the configuration.")

    def _tell(self, is_published: bool, change: int, done: str, then: str = "") -> None:
        if is_published:
            self.stdout.write(done)
        else:
            page = f"http://{settings.ENVIRONMENT.web}/changes/{change}/"
            then = f", then {then}" if then else ""
            self.stdout.write(f"Change {change} waits for a review: approve and publish it ({page}){then}.")

    def _run(self, messages: int, per_second: float) -> None:
        if not 1 <= messages <= 20_000 or not 0 < per_second <= 50:
            raise CommandError("--messages is 1 to 20000, --per-second above 0 and at most 50.")
        if not status(settings.ENVIRONMENT).is_running:
            raise CommandError("Mailconsole does not run. Start it with ./console up, in another terminal.")
        port = self._configured_port()
        if port is None:
            return
        chance = random.Random()  # noqa: S311 - example mail
        try:
            controller, handler = sink.start(port, chance)
        except OSError as error:
            raise CommandError(f"The demo's sink can't listen on 127.0.0.1:{port}: {error.strerror}.") from None
        try:
            self._send(messages, per_second, chance)
        except KeyboardInterrupt:
            self.stdout.write("")
        finally:
            controller.stop()
        self.stdout.write(f"The sink took {handler.taken} messages. ./console demo --remove takes the demo away.")

    def _configured_port(self) -> int | None:
        """The sink's port, once the running configuration has the demo in it."""
        document = load_document(head_revision())
        port = mail_flow.sink_port(document)
        if port is None:
            port = _free_port()
            wanted = mail_flow.with_demo(document, sink_port=port)
            asked = ask_for(wanted, title="Demo", reason="Example traffic for a first look (./console demo)")
            self._tell(asked.is_published, asked.change.pk, "The demo is in the configuration.", "run this again")
            if not asked.is_published:
                return None
        self._wait_until_running()
        return port

    def _wait_until_running(self) -> None:
        head = head_revision().number
        until = time.monotonic() + RUNS_WITHIN_S
        while any(node["revision"] != head for node in status(settings.ENVIRONMENT).nodes):
            if time.monotonic() > until:
                raise CommandError(f"The nodes do not run revision {head}: ./console status says what they run.")
            time.sleep(0.3)

    def _send(self, messages: int, per_second: float, chance: random.Random) -> None:
        self.stdout.write(f"Sending {messages} messages, {per_second:g} a second. Ctrl-C ends it.")
        answers: Counter[str] = Counter()
        relay = settings.ENVIRONMENT.smtp
        with ThreadPoolExecutor(SENDERS) as pool:
            pending = []
            for parcel in islice(traffic.stream(chance), messages):
                pending.append(pool.submit(traffic.send, parcel, relay))
                time.sleep(chance.expovariate(per_second))
            answers.update(one.result() for one in pending)
        said = ", ".join(f"{count} times {answer}" for answer, count in answers.most_common(6))
        self.stdout.write(f"The relay answered {said}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
