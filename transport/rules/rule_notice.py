"""The mail by which a mail flow rule tells the sender something (Exchange's NotifySender). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.envelope import Message
from transport.model.ruled import Notice
from transport.rules.dsn import DsnSettings, message_id
from transport.rules.dsn_fields import address_field, date, header_safe, subject_header
from transport.rules.rule_facts import NotKnown, RuleFacts

SUBJECT = "About your message"
"""Nothing that the message says goes in: whoever writes another's address into MAIL FROM has nothing to say there."""
_LISTS = frozenset(("bulk", "list", "junk", "auto_reply"))


def may_be_sent(facts: RuleFacts) -> bool:
    """RFC 3834 2: nothing automatic is answered, and no list."""
    if facts.sender.is_null:
        return False
    try:
        fields = facts.fields
        submitted = [text.partition(";")[0].strip().lower() for text in fields.texts("auto-submitted")]
        is_list = fields.has("list-id") or any(text.lower() in _LISTS for text in fields.texts("precedence"))
    except NotKnown:
        return False
    return all(text == "no" for text in submitted) and not is_list


def compose(message: Message, notices: Sequence[Notice], settings: DsnSettings, *, queue_id: str, now: float) -> bytes:
    """With CRLF line ends. Which rule it was stays private (law 7)."""
    lines = [
        f"From: {address_field(settings.words.sender, settings.from_address)}",
        f"To: <{header_safe(str(message.envelope_sender))}>",
        subject_header(SUBJECT),
        f"Date: {date(now)}",
        f"Message-ID: {message_id(queue_id, settings)}",
        "Auto-Submitted: auto-replied",  # RFC 3834 5
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *(line for notice in notices for line in (notice.text, "")),
        f"This is about your message of {date(message.received_at)}, {message.queue_id}.",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")
