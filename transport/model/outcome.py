"""What came of trying to deliver to a recipient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transport.model.reply import Reply


class RecipientStatus(StrEnum):
    """Exchange's message status, kept for each recipient."""

    READY = "Ready"
    ACTIVE = "Active"
    RETRY = "Retry"
    SUSPENDED = "Suspended"
    DELIVERED = "Delivered"
    FAILED = "Failed"

    @property
    def sentence(self) -> str:
        return _STATUS_SENTENCES[self]

    @property
    def is_final(self) -> bool:
        return self in (RecipientStatus.DELIVERED, RecipientStatus.FAILED)


_STATUS_SENTENCES = {
    RecipientStatus.READY: "Waiting to be delivered; nothing holds it.",
    RecipientStatus.ACTIVE: "Being delivered right now.",
    RecipientStatus.RETRY: "The last try did not succeed; it is tried again at the time shown.",
    RecipientStatus.SUSPENDED: "Held by an operator until it is resumed.",
    RecipientStatus.DELIVERED: "The next hop took responsibility for it.",
    RecipientStatus.FAILED: "Given up; the sender was told unless that was not wanted.",
}


class OutcomeKind(StrEnum):
    """The three ends of one delivery attempt."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"


class Phase(StrEnum):
    """Where in a delivery attempt it was decided."""

    ROUTING = "routing"
    DNS = "dns"
    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"

    @property
    def sentence(self) -> str:
        return _PHASE_SENTENCES[self]


_PHASE_SENTENCES = {
    Phase.ROUTING: "While a send connector was chosen.",
    Phase.DNS: "While the next hop's addresses were looked up.",
    Phase.CONNECT: "While connecting to the next hop.",
    Phase.BANNER: "While waiting for the next hop's greeting.",
    Phase.EHLO: "While naming ourselves to the next hop.",
    Phase.TLS: "While starting TLS with the next hop.",
    Phase.AUTH: "While authenticating to the next hop.",
    Phase.MAIL: "When the next hop was told the sender.",
    Phase.RCPT: "When the next hop was told the recipient.",
    Phase.DATA: "When the next hop was asked to take the message.",
    Phase.DOT: "After the message was transferred to the next hop.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recipient's outcome of one attempt. ``remote`` is ``host[address]:port`` or empty; ``reply`` the remote's own
    words where it spoke (hostile text); ``reason`` ours; ``status`` the enhanced status (RFC 3463) that we give it
    where the reply has none. ``is_own_fault``: neither the next hop nor the network failed, we did."""

    kind: OutcomeKind
    phase: Phase
    reply: Reply | None = None
    reason: str = ""
    remote: str = ""
    tls: str = ""
    status: str = ""
    is_own_fault: bool = False

    @property
    def enhanced_status(self) -> str:
        """The enhanced status: ours, else the reply's, else the one that says nothing but the class (RFC 3463 3.1)."""
        if self.status:
            return self.status
        if self.reply is not None and self.reply.enhanced:
            return self.reply.enhanced
        return _CLASS_STATUS[self.kind]


_CLASS_STATUS = {OutcomeKind.DELIVERED: "2.0.0", OutcomeKind.DEFERRED: "4.0.0", OutcomeKind.FAILED: "5.0.0"}
