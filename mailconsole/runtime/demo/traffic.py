"""A bounded stream of mail as an organisation sends it: devices, applications, newsletters, and a stranger."""

from __future__ import annotations

import random
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from mailconsole.environment import HostPort
from mailconsole.runtime.demo.mail_flow import ACCEPTED, PARTNERS, STRANGER


@dataclass(frozen=True, slots=True)
class Source:
    """One sender: where it connects from, as whom, how big its mail is, how often it sends (a weight)."""

    client: str
    sender: str
    subject: str
    size_bytes: int
    weight: int


SOURCES = (
    Source("127.0.1.1", f"scanner-2f@{ACCEPTED}", "Scan from 2nd floor", 180_000, 4),
    Source("127.0.1.2", f"erp@{ACCEPTED}", "Invoice {n}", 40_000, 6),
    Source("127.0.1.3", f"monitoring@{ACCEPTED}", "Disk usage on srv-{n}", 1_500, 8),
    Source("127.0.1.4", f"newsletter@{ACCEPTED}", "News of the week", 25_000, 3),
    Source("127.0.1.5", f"crm@{ACCEPTED}", "Your offer {n}", 12_000, 4),
    Source(STRANGER, "promo@unknown.example", "You have won", 3_000, 2),
)
NAMES = ("anna", "bert", "carla", "dora", "erik", "busy.desk", "full.box", "former.colleague", "info", "orders")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to send."""

    source: Source
    recipients: tuple[str, ...]
    message: bytes


def stream(chance: random.Random) -> Iterator[Parcel]:
    """Messages without end; the caller bounds them."""
    number = 1000
    while True:
        number += 1
        source = chance.choices(SOURCES, [one.weight for one in SOURCES])[0]
        count = 12 if source.sender.startswith("newsletter") else 1
        recipients = tuple(dict.fromkeys(_recipient(chance) for _ in range(count)))
        yield Parcel(source, recipients, _message(source, recipients, number, chance))


def _recipient(chance: random.Random) -> str:
    domain = chance.choice((*PARTNERS, ACCEPTED))
    return f"{chance.choice(NAMES)}@{domain}"


def _message(source: Source, recipients: tuple[str, ...], number: int, chance: random.Random) -> bytes:
    message = EmailMessage()
    message["From"] = source.sender
    message["To"] = ", ".join(recipients[:3])
    message["Subject"] = source.subject.format(n=number)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=source.sender.partition("@")[2])
    size = int(source.size_bytes * chance.uniform(0.5, 1.5))
    line = "An example message of the demo, as long as such a message often is.\n"
    message.set_content(line * max(1, size // len(line)))
    return message.as_bytes(policy=SMTP)


def send(parcel: Parcel, relay: HostPort) -> str:
    """Hand one message to the relay; returns its last reply's code, or what went wrong. Never raises."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(relay.host, relay.host)
    try:
        with smtplib.SMTP(
            host, relay.port, local_hostname="client.demo.example", timeout=30, source_address=_from(parcel, host)
        ) as client:
            client.sendmail(parcel.source.sender, parcel.recipients, parcel.message)
    except smtplib.SMTPRecipientsRefused as refused:
        return str(next(iter(refused.recipients.values()))[0])
    except smtplib.SMTPResponseException as refused:
        return str(refused.smtp_code)
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return "250"


def _from(parcel: Parcel, host: str) -> tuple[str, int] | None:
    """Clients of their own, where the machine has all of 127.0.0.0/8 (Linux) and the relay is on it."""
    if not host.startswith("127."):
        return None
    with socket.socket() as probe:
        try:
            probe.bind((parcel.source.client, 0))
        except OSError:
            return None
    return parcel.source.client, 0
