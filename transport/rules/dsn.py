"""Delivery status notifications: whether the sender is told, and the message that tells (RFC 3461, 3462, 3464). Pure.

The message is built as octets, line by line, from cleaned and bounded text: nothing that came over a wire can start a
header of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from transport.config.document import MailFlow
from transport.config.dsn_words import DEFAULT, DsnWords, languages
from transport.config.objects import RemoteDomain
from transport.model.address import Address
from transport.model.envelope import Message
from transport.rules import dsn_parts, dsn_text
from transport.rules.dsn_audience import ByAudience, OurSenders
from transport.rules.dsn_fields import address_field, date, fold, header_safe, subject_header, token, typed_address
from transport.rules.remote_domains import RemoteDomains

MAX_DIAGNOSTIC_CHARACTERS = 1000
_PASSING = re.compile(r"4\d\d (4\.\d{1,3}\.\d{1,3})\b")


class DsnKind(StrEnum):
    """What is told."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    DsnKind.FAILED: "The sender was told that delivery failed.",
    DsnKind.DELAYED: "The sender was told that delivery is delayed.",
    DsnKind.RELAYED: "The sender was told that the message went to a system that sends no notifications.",
    DsnKind.DELIVERED: "The sender was told that the message was delivered.",
}
_NOTIFY_WORD = {
    DsnKind.FAILED: "FAILURE",
    DsnKind.DELAYED: "DELAY",
    DsnKind.RELAYED: "SUCCESS",
    DsnKind.DELIVERED: "SUCCESS",
}


@dataclass(frozen=True, slots=True)
class DsnSettings:
    """``hostname`` is the Reporting-MTA, ``from_address`` the postmaster's, times in seconds."""

    hostname: str
    organization: str
    from_address: str
    max_attach_bytes: ByAudience[int]
    expiration_s: float
    words: DsnWords = field(default_factory=lambda: languages()[DEFAULT])
    language: str = DEFAULT
    copied_statuses: frozenset[str] = frozenset()
    own_texts: Mapping[str, str] = field(default_factory=dict)
    max_per_sender_per_hour: int | None = None
    max_per_minute: int | None = None
    remote_domains: RemoteDomains | None = None

    @classmethod
    def of(cls, document: MailFlow, hostname: str) -> DsnSettings:
        organization = document.organization
        return cls(
            hostname=hostname,
            organization=organization.name,
            from_address=organization.postmaster_address or f"postmaster@{document.default_domain or hostname}",
            max_attach_bytes=_largest_returned(document),
            expiration_s=organization.message_expiration_timeout,
            words=languages()[organization.dsn_language],
            language=organization.dsn_language,
            own_texts=dict(message.split(" ", 1) for message in organization.system_messages),
            copied_statuses=frozenset(organization.generate_copy_of_dsn_for),
            max_per_sender_per_hour=organization.dsn_rate_limit_per_sender_per_hour,
            max_per_minute=organization.dsn_rate_limit_per_min,
            remote_domains=RemoteDomains(document) if document.remote_domains else None,
        )


def _largest_returned(document: MailFlow) -> ByAudience[int]:
    largest, internal = (
        document.organization.dsn_max_message_attach_size,
        document.organization.internal_dsn_max_message_attach_size,
    )
    return ByAudience(largest if internal is None else internal, largest, OurSenders(document.accepted_domains))


@dataclass(frozen=True, slots=True)
class Told:
    """What is said about one recipient. ``reply`` and ``remote`` are hostile; ``reason`` is ours and may quote."""

    final: Address
    original: Address
    orcpt: str = ""
    notify: frozenset[str] = frozenset()
    status: str = ""
    reply: str = ""
    reason: str = ""
    remote: str = ""
    last_attempt_at: float = 0.0


def is_wanted(kind: DsnKind, *, sender: Address, is_dsn: bool, notify: frozenset[str]) -> bool:
    """Whether the sender is to be told (RFC 3461 4.1, 5.2, 6.1): never about a notification or to the null sender."""
    if is_dsn or sender.is_null or not sender.domain or "NEVER" in notify:
        return False
    if not notify:
        return kind in (DsnKind.FAILED, DsnKind.DELAYED)
    return _NOTIFY_WORD[kind] in notify


def held_back_by(kind: DsnKind, sender: Address, settings: DsnSettings) -> RemoteDomain | None:
    """The remote domain that wants the sender not to be told, or None."""
    remote = settings.remote_domains.find(sender.domain) if settings.remote_domains is not None else None
    if remote is None:
        return None
    is_about_success = kind in (DsnKind.RELAYED, DsnKind.DELIVERED)
    is_sent = remote.is_delivery_report_enabled if is_about_success else remote.is_ndr_enabled
    return None if is_sent else remote


def as_told_to(sender: Address, told: Sequence[Told], settings: DsnSettings) -> tuple[Told, ...]:
    """Without what next hops said, where the sender's domain is not to hear that."""
    remote = settings.remote_domains.find(sender.domain) if settings.remote_domains is not None else None
    if remote is None or remote.is_ndr_diagnostic_info_enabled:
        return tuple(told)
    return tuple(replace(one, reply="", reason="", remote="") for one in told)


def remembered_status(reply: str) -> str:
    """The status of a message that still waits: that of the last reply, else that nobody answered (RFC 3463 3.5)."""
    if not reply:
        return "4.4.1"
    found = _PASSING.match(reply)
    return found[1] if found is not None else "4.0.0"


def message_id(queue_id: str, settings: DsnSettings) -> str:
    """The Message-ID of the notification with this queue id."""
    return f"<{queue_id}@{token(settings.hostname)}>"


def is_copied(kind: DsnKind, told: Sequence[Told], settings: DsnSettings) -> bool:
    """Whether the postmaster gets a copy (Exchange's GenerateCopyOfDSNFor)."""
    return kind is DsnKind.FAILED and any(one.status in settings.copied_statuses for one in told)


def subject(kind: DsnKind, original: Message, settings: DsnSettings) -> str:
    """In Exchange's words, with the original's subject where it is known."""
    return f"{settings.words.subjects[kind]}: {header_safe(original.subject)[:200]}".rstrip(": ")


def compose(
    kind: DsnKind,
    message: Message,
    told: Sequence[Told],
    original: bytes,
    settings: DsnSettings,
    *,
    queue_id: str,
    now: float,
) -> bytes:
    """The notification about ``message``, whose octets are ``original``: a multipart/report with CRLF line ends."""
    boundary = dsn_parts.boundary_for(queue_id, original)
    is_whole = _is_whole(kind, message, original, settings)
    parts = [
        _header(kind, message, settings, boundary, queue_id=queue_id, now=now),
        dsn_parts.part(boundary, "text/plain; charset=utf-8", dsn_text.compose(kind, message, told, settings).encode()),
        dsn_parts.part(boundary, "message/delivery-status", _status(kind, message, told, settings).encode("ascii")),
        dsn_parts.returned(boundary, original, is_whole=is_whole),
        f"\r\n--{boundary}--\r\n".encode("ascii"),
    ]
    return b"".join(parts)


def _header(
    kind: DsnKind, message: Message, settings: DsnSettings, boundary: str, *, queue_id: str, now: float
) -> bytes:
    lines = [
        f"From: {address_field(settings.words.sender, settings.from_address)}",
        f"To: <{header_safe(str(message.envelope_sender))}>",
        subject_header(subject(kind, message, settings)),
        f"Date: {date(now)}",
        f"Message-ID: {message_id(queue_id, settings)}",
    ]
    original_id = token(message.internet_message_id)
    if original_id.startswith("<") and original_id.endswith(">"):
        lines += [f"In-Reply-To: {original_id}", f"References: {original_id}"]
    lines += [
        "Auto-Submitted: auto-replied",  # RFC 3834 5
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",  # RFC 6522 3
        f'\tboundary="{boundary}"',
        f"Content-Language: {settings.language}",
        "",
        "This is a delivery status notification in MIME format.",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8")


def _is_whole(kind: DsnKind, message: Message, original: bytes, settings: DsnSettings) -> bool:
    """RFC 3461 4.3: RET is about failures; all else returns the header. RFC 8689 5: a report may go without TLS."""
    if kind is not DsnKind.FAILED or message.ret == "HDRS" or message.requires_tls or not original:
        return False
    return len(original) <= settings.max_attach_bytes.of(message.envelope_sender)


def _status(kind: DsnKind, message: Message, told: Sequence[Told], settings: DsnSettings) -> str:
    """message/delivery-status (RFC 3464 2): fields of the message, then of each recipient. ASCII."""
    groups = [
        [
            fold(f"Original-Envelope-Id: {token(message.envid)}") if message.envid else "",
            f"Reporting-MTA: dns; {token(settings.hostname)}",
            f"Received-From-MTA: dns; {token(message.helo)}" if message.helo else "",
            f"Arrival-Date: {date(message.received_at)}",
        ]
    ]
    groups += [_recipient_fields(kind, message, one) for one in told]
    return "\r\n".join("".join(f"{line}\r\n" for line in group if line) for group in groups)


def _recipient_fields(kind: DsnKind, message: Message, told: Told) -> list[str]:
    original = told.orcpt or (str(told.original) if told.original.key != told.final.key else "")
    return [
        fold(f"Original-Recipient: {typed_address(original)}") if original else "",
        fold(f"Final-Recipient: {typed_address(str(told.final))}"),
        f"Action: {kind.value}",
        f"Status: {_status_code(kind, told)}",
        fold(f"Remote-MTA: dns; {_remote_name(told.remote)}") if told.remote else "",
        fold(f"Diagnostic-Code: {_diagnostic(told)}") if told.reply or told.reason else "",
        f"Last-Attempt-Date: {date(told.last_attempt_at)}" if told.last_attempt_at else "",
        f"Will-Retry-Until: {date(message.expires_at)}" if kind is DsnKind.DELAYED else "",
    ]


def _status_code(kind: DsnKind, told: Told) -> str:
    """RFC 3464 2.3.4: the class fits the action, except that 4.4.7 is the customary code of what expired."""
    wanted = {DsnKind.FAILED: "5", DsnKind.DELAYED: "4"}.get(kind, "2")
    if told.status[:1] == wanted or (kind is DsnKind.FAILED and told.status.startswith("4.")):
        return told.status
    return f"{wanted}.0.0"


def _remote_name(remote: str) -> str:
    return token(remote.partition("[")[0] or remote)


def _diagnostic(told: Told) -> str:
    if told.reply:
        return f"smtp; {header_safe(told.reply)[:MAX_DIAGNOSTIC_CHARACTERS]}"
    return f"x-mailconsole; {header_safe(told.reason)[:MAX_DIAGNOSTIC_CHARACTERS]}"
