"""A queued message as a file that can be sent again: its envelope as Exchange's Replay fields. Pure."""

from __future__ import annotations

import re

from transport.model.envelope import Message, Recipient

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def replay_header(message: Message) -> bytes:
    """`X-Sender`, an `X-Receiver` for each recipient that still waits, and the end of what we added; CRLF line ends."""
    lines = [
        f"X-Sender: <{message.envelope_sender}> BODY={message.body_type.value}{_given('RET', message.ret)}"
        f"{_given('ENVID', message.envid)}",
        *(_receiver(one) for one in waiting(message)),
        "X-CreatedBy: Mailconsole",
        "X-EndOfInjectedXHeaders: 1.0",
    ]
    return "".join(f"{_CONTROLS.sub('?', line)}\r\n" for line in lines).encode("utf-8", "replace")


def waiting(message: Message) -> list[Recipient]:
    """Those that are neither delivered nor given up: whoever sends the file again sends it to them only."""
    return [one for one in message.recipients if not one.status.is_final]


def _receiver(one: Recipient) -> str:
    notify = ",".join(sorted(one.notify))
    return f"X-Receiver: <{one.address}>{_given('NOTIFY', notify)}{_given('ORcpt', one.orcpt)}"


def _given(name: str, value: str) -> str:
    return f" {name}={value}" if value else ""
