"""The mail by which a mail flow rule tells the sender something (Exchange's NotifySender), the recipients
(GenerateNotification), or others what it found (GenerateIncidentReport). Pure.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from transport.model.envelope import Message
from transport.model.ruled import Notice
from transport.rules.dsn import DsnSettings, message_id
from transport.rules.dsn_fields import address_field, date, header_safe, subject_header
from transport.rules.rule_facts import NotKnown, RuleFacts

SUBJECT = "About your message"
"""Nothing that the message says goes in: whoever writes another's address into MAIL FROM has nothing to say there."""
SUBJECT_TO_RECIPIENTS = "About a message to you"
WIDTH = 76
MAX_LISTED = 100
_LISTS = frozenset(("bulk", "list", "junk", "auto_reply"))


def may_be_sent(facts: RuleFacts) -> bool:
    """RFC 3834 2: nothing automatic is answered, and no list."""
    if is_automatic(facts):
        return False
    try:
        return not facts.fields.has("list-id") and not any(
            text.lower() in _LISTS for text in facts.fields.texts("precedence")
        )
    except NotKnown:
        return False


def is_automatic(facts: RuleFacts) -> bool:
    """Whether a program wrote it, as one of our own notices that came back; what can't be told counts as such."""
    if facts.sender.is_null:
        return True
    try:
        submitted = facts.fields.texts("auto-submitted")
    except NotKnown:
        return True
    return any(text.partition(";")[0].strip().lower() != "no" for text in submitted)


def report_subject(notice: Notice) -> str:
    return f"Mail flow rule {header_safe(notice.rule_name)}: report of a message"


def compose_report(message: Message, notice: Notice, settings: DsnSettings, *, queue_id: str, now: float) -> bytes:
    """For people of ours, so the rule is named; of the message all but its content. With CRLF line ends."""
    client = f"{message.peer or 'the Pickup directory'} {message.helo} {message.identity}"
    whom = list({one.original.key: str(one.original) for one in message.recipients}.values())
    more = f" and {len(whom) - MAX_LISTED:,} more" if len(whom) > MAX_LISTED else ""
    facts = (
        ("Sender", str(message.envelope_sender) or "the null sender"),
        ("Recipients", ", ".join(whom[:MAX_LISTED]) + more),
        ("Subject", message.subject),
        ("Message-ID", message.internet_message_id),
        ("Client", client),
        ("Size", f"{message.size_bytes:,} octets"),
        ("Received", date(message.received_at)),
        ("Queue id", message.queue_id),
    )
    to = ",\r\n ".join(f"<{header_safe(str(one))}>" for one in notice.to)
    lines = [
        *_head(to, report_subject(notice), settings, queue_id, now, "auto-generated"),
        *_wrap(notice.text),
        "",
        *(line for name, said in facts for line in _wrap(f"{name}: {said}")),
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")


def compose_to_recipients(
    message: Message, notice: Notice, settings: DsnSettings, *, queue_id: str, now: float
) -> bytes:
    """What the message says stands in it, on lines of its own; nobody learns who else gets it. CRLF line ends."""
    only = f"<{header_safe(str(notice.to[0]))}>" if len(notice.to) == 1 else "undisclosed-recipients:;"  # RFC 5322 3.4
    lines = [
        *_head(only, SUBJECT_TO_RECIPIENTS, settings, queue_id, now, "auto-generated"),
        *(line for said in notice.text.split("\n") for line in _wrap(said) or [""]),
        "",
        f"This is about the message of {date(message.received_at)}, {message.queue_id}.",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(header_safe(text), WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _head(to: str, subject: str, settings: DsnSettings, queue_id: str, now: float, kind: str) -> list[str]:
    """``kind`` by RFC 3834 5."""
    return [
        f"From: {address_field(settings.words.sender, settings.from_address)}",
        f"To: {to}",
        subject_header(subject),
        f"Date: {date(now)}",
        f"Message-ID: {message_id(queue_id, settings)}",
        f"Auto-Submitted: {kind}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
    ]


def compose(message: Message, notices: Sequence[Notice], settings: DsnSettings, *, queue_id: str, now: float) -> bytes:
    """With CRLF line ends. Which rule it was stays private (law 7)."""
    to = f"<{header_safe(str(message.envelope_sender))}>"
    lines = [
        *_head(to, SUBJECT, settings, queue_id, now, "auto-replied"),
        *(line for notice in notices for line in (notice.text, "")),
        f"This is about your message of {date(message.received_at)}, {message.queue_id}.",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")
