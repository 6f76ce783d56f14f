"""The part of a notification that people read: plain English, Exchange's wording, cause and remedy. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transport.rules.dsn_fields import date, header_safe

if TYPE_CHECKING:
    from transport.model.envelope import Message
    from transport.rules.dsn import DsnSettings, Told

WIDTH = 76
MAX_QUOTED_CHARACTERS = 1000
SUBJECT_PREFIX = {
    "failed": "Undeliverable",
    "delayed": "Delivery delayed",
    "relayed": "Relayed",
    "delivered": "Delivered",
}
_OPENING = {
    "failed": "Delivery has failed to these recipients or groups:",
    "delayed": "Delivery is delayed to these recipients or groups:",
    "relayed": "Delivery to these recipients or groups is complete, but no delivery notification was sent by the "
    "destination server:",
    "delivered": "Your message has been delivered to the following recipients:",
}
_CLOSING = {
    "failed": "",
    "delayed": "You do not have to send it again: delivery will be tried until {until}. You will be told if it fails.",
    "relayed": "",
    "delivered": "",
}

# Enhanced status (RFC 3463, without its class) -> what happened, what to do. First match of the longest prefix.
_ADVICE: dict[str, tuple[str, str]] = {
    "1.1": (
        "The address does not exist.",
        "Check the spelling of the address, or ask the recipient for the right one.",
    ),
    "1.2": ("The domain of the address does not exist.", "Check the spelling of the part after the @."),
    "1.3": ("The address is not valid.", "Check the spelling of the address."),
    "1.8": ("The destination refuses mail from your address.", "Ask your administrator to check the sender address."),
    "1.10": ("The recipient's domain accepts no mail.", "Ask the recipient for another address."),
    "2.1": ("The recipient's mailbox is disabled.", "Reach the recipient in another way."),
    "2.2": ("The recipient's mailbox is full.", "Ask the recipient to make room, then send the message again."),
    "2.3": (
        "The message is larger than the recipient accepts.",
        "Send a smaller message, for example without attachments.",
    ),
    "2.4": ("The group cannot be expanded.", "Ask your administrator to check the group's members."),
    "3.4": (
        "The message is larger than the destination accepts.",
        "Send a smaller message, for example without attachments.",
    ),
    "4.1": ("The destination server cannot be reached.", "Nothing is wrong with your message. Try again later."),
    "4.3": (
        "The recipient's domain cannot be looked up.",
        "Check the part after the @; if it is right, try again later.",
    ),
    "4.4": ("No server takes mail for the recipient's domain.", "Check the spelling of the part after the @."),
    "4.6": ("The message would go in a circle.", "Forward this notification to your administrator."),
    "4.7": ("The message was in the queue for too long.", "Check the address; if it is right, send the message again."),
    "5.3": ("The message has too many recipients.", "Send it to fewer recipients at a time."),
    "6.3": ("The message has content that the destination cannot take.", "Send it in another format, as plain text."),
    "6.7": ("The address needs international mail, which the destination does not offer.", "Ask for another address."),
    "7.1": (
        "The destination does not permit this message.",
        "Ask the recipient, or your administrator, for permission.",
    ),
    "7": (
        "The destination refuses the message for security reasons.",
        "Forward this notification to your administrator.",
    ),
    "2": ("The recipient's mailbox cannot take the message.", "Ask the recipient, or send the message again later."),
    "4": ("The destination cannot be reached.", "Check the part after the @; if it is right, try again later."),
}
_NO_ADVICE = ("The destination server refused the message.", "Forward this notification to your administrator.")


def compose(kind: str, message: Message, told: Sequence[Told], settings: DsnSettings, now: float) -> str:
    """The text, with CRLF line ends. What others said is quoted, indented and bounded."""
    lines = [*_wrap(_OPENING[kind]), ""]
    for one in told:
        lines += [f"  {header_safe(str(one.original)) or header_safe(str(one.final))}"]
        if kind in ("failed", "delayed"):
            cause, remedy = advice(one.status)
            lines += [*_wrap(cause, "  "), *_wrap(remedy if kind == "failed" else "", "  ")]
        lines += [""]
    if _CLOSING[kind]:
        lines += [*_wrap(_CLOSING[kind].format(until=date(message.expires_at))), ""]
    if message.subject:
        lines += [*_wrap(f"The subject of your message: {header_safe(message.subject)[:200]}"), ""]
    lines += _diagnostics(message, told, settings)
    return "".join(f"{line}\r\n" for line in lines)


def advice(status: str) -> tuple[str, str]:
    """Cause and remedy of an enhanced status, from the detail that is known down to its subject."""
    detail = status.partition(".")[2]
    return _ADVICE.get(detail) or _ADVICE.get(detail.partition(".")[0]) or _NO_ADVICE


def _diagnostics(message: Message, told: Sequence[Told], settings: DsnSettings) -> list[str]:
    lines = ["Diagnostic information for administrators:", ""]
    lines += _wrap(f"Generating server: {header_safe(settings.hostname)} ({header_safe(settings.organization)})", "")
    lines += [f"Queue id: {message.queue_id}"]
    lines += [f"Received: {date(message.received_at)}"]
    for one in told:
        lines += ["", f"{header_safe(str(one.final))}"]
        if one.remote:
            lines += _wrap(f"Remote server: {header_safe(one.remote)}", "  ")
        if one.reply:
            lines += _wrap(f"Remote server returned: {header_safe(one.reply)[:MAX_QUOTED_CHARACTERS]}", "  ")
        if one.reason:
            lines += _wrap(f"{one.status} {header_safe(one.reason)[:MAX_QUOTED_CHARACTERS]}".strip(), "  ")
    return lines


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=True, break_on_hyphens=False
    )
