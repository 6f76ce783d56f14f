"""One transaction's dialogue with a server as a state machine: replies in, outcomes out. No I/O (after h11)."""

from __future__ import annotations

from transport.delivery.fit import PLAIN, Misfit
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.queues.transaction import Transaction
from transport.rules import greylisting, replies
from transport.rules.replies import Scope

_TWO, _THREE = ord("2"), ord("3")


class Exchange:
    """``outcomes`` has a place for each recipient; None at the end means: again, in a next transaction.

    ``note`` is a sentence about the connection, for the outcome of what is delivered.
    ``fatal`` is set once a reply ends the whole connection. Methods return nothing: look at the attributes.
    """

    __slots__ = (
        "accepted", "body", "fatal", "fit", "has_reply", "is_body_sent", "is_chunked", "is_mail_refused", "note",
        "outcomes", "remote", "tls", "to_send", "transaction",
    )  # fmt: skip

    def __init__(self, transaction: Transaction, remote: str, tls: str, note: str = "") -> None:
        self.transaction = transaction
        self.remote = remote
        self.tls = tls
        self.note = note
        self.outcomes: list[Outcome | None] = [None] * len(transaction.recipients)
        self.accepted: list[int] = []
        self.body = transaction.body or b""
        self.to_send: list[int] = []
        self.fatal: Outcome | None = None
        self.has_reply = False
        self.is_mail_refused = False
        self.is_body_sent = False
        self.is_chunked = False
        self.fit = PLAIN

    def unfit(self, position: int, misfit: Misfit) -> None:
        """The server cannot have this recipient, for our own reason."""
        self.outcomes[position] = Outcome(
            OutcomeKind.FAILED, Phase.EHLO, None, misfit.reason, self.remote, self.tls, misfit.status
        )

    def on_mail(self, raw: bytes) -> None:
        if raw[0] == _TWO:
            self.has_reply = True
            return
        self.is_mail_refused = True
        self._decide_all(replies.parse(raw), Phase.MAIL, self.to_send)

    def on_rcpt(self, position: int, raw: bytes) -> None:
        if self.is_mail_refused:
            return  # RFC 2920 3.1: the rest of the group is refused as well (503); MAIL's reply is the reason
        if raw[0] == _TWO:
            self.has_reply = True
            self.accepted.append(position)
            return
        reply = replies.parse(raw)
        meaning = replies.meaning(reply, Phase.RCPT, is_somebody_accepted=bool(self.accepted))
        if meaning.is_too_many:
            return
        outcome = self._outcome(meaning.kind, Phase.RCPT, reply)
        self.outcomes[position] = outcome
        if meaning.scope is Scope.CONNECTION:
            self.fatal = outcome
        else:
            self.has_reply = True

    def on_data(self, raw: bytes) -> bool:
        """Whether the server waits for a body now."""
        if raw[0] == _THREE:  # RFC 5321 4.2.1: 3yz of any kind; 354 is the only one in use
            return True
        if self.accepted:
            self._decide_all(replies.parse(raw), Phase.DATA, self.accepted)
            self.accepted = []
        return False

    def on_dot(self, raw: bytes) -> None:
        self._decide_all(replies.parse(raw), Phase.DOT, self.accepted)

    def give_up(self, outcome: Outcome) -> None:
        """The connection is gone: whoever is undecided gets ``outcome``."""
        self.outcomes = [outcome if decided is None else decided for decided in self.outcomes]

    def take_back(self, fatal: Outcome) -> bool:
        """Whoever got only ``fatal``, which was not about the message, is undecided again; whether everybody is."""
        self.outcomes = [None if decided is fatal else decided for decided in self.outcomes]
        return not any(self.outcomes)

    def _decide_all(self, reply: Reply, phase: Phase, positions: list[int]) -> None:
        meaning = replies.meaning(reply, phase)
        outcome = self._outcome(meaning.kind, phase, reply)
        for position in positions:
            self.outcomes[position] = outcome
        if meaning.scope is Scope.CONNECTION:
            self.fatal = outcome
        else:
            self.has_reply = True

    def _outcome(self, kind: OutcomeKind, phase: Phase, reply: Reply) -> Outcome:
        if kind is OutcomeKind.DELIVERED:
            return Outcome(kind, phase, reply, self.note, self.remote, self.tls)
        is_greylisted = kind is OutcomeKind.DEFERRED and greylisting.is_greylisting(reply)
        return Outcome(kind, phase, reply, greylisting.REASON if is_greylisted else "", self.remote, self.tls)
