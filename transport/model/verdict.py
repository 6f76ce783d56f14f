"""What admission decided, and why: the public reply and the private reason are two fields (law 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transport.model.limit import Reached
from transport.model.reply import Reply


class Action(StrEnum):
    """What is done with the peer or its command."""

    ACCEPT = "accept"
    DEFER = "defer"
    REFUSE = "refuse"
    DISCONNECT = "disconnect"

    @property
    def sentence(self) -> str:
        return _ACTION_SENTENCES[self]


_ACTION_SENTENCES = {
    Action.ACCEPT: "The command was accepted.",
    Action.DEFER: "The command was refused for now; the peer may try again (4xx).",
    Action.REFUSE: "The command was refused for good (5xx).",
    Action.DISCONNECT: "The command was refused and the connection was closed.",
}


class Stage(StrEnum):
    """The step of the SMTP dialogue at which a rule decided."""

    CONNECT = "connect"
    HELO = "helo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    SESSION = "session"

    @property
    def sentence(self) -> str:
        return _STAGE_SENTENCES[self]


_STAGE_SENTENCES = {
    Stage.CONNECT: "When the peer connected, before it said anything.",
    Stage.HELO: "When the peer named itself (HELO or EHLO).",
    Stage.AUTH: "When the peer authenticated.",
    Stage.MAIL: "When the sender was given (MAIL FROM).",
    Stage.RCPT: "When a recipient was given (RCPT TO).",
    Stage.SESSION: "At any time: the session as a whole.",
    Stage.DATA: "After the message was transferred, before it was accepted.",
}


class Answer(StrEnum):
    """A criterion's answer: yes, no, cannot tell (law 6)."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision's trail: which object of the configuration was asked, what it answered and why.

    ``kind`` is a section name of the configuration (``relay_policies``) or a built-in rule's name; ``object_id`` is
    empty for a built-in rule; ``because`` is a sentence for the operator, never for the peer.
    """

    kind: str
    object_id: str
    name: str
    answer: Answer
    because: str

    @property
    def row(self) -> list[str]:
        return [self.kind, self.object_id, self.name, self.answer.value, self.because]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of an admission rule. ``reason`` and ``trail`` are private; only ``reply`` goes to the peer. ``limit``
    is what was reached, where the refusal is a limit's. ``is_withheld``: who asks must not know the answer; never so
    on a node."""

    action: Action
    stage: Stage
    reply: Reply | None
    reason: str = ""
    trail: tuple[Step, ...] = ()
    limit: Reached | None = None
    is_withheld: bool = False

    @property
    def is_accepted(self) -> bool:
        return self.action is Action.ACCEPT

    @property
    def trail_rows(self) -> list[list[str]]:
        """The trail as an event's detail holds it: kind, object id, name, answer, because."""
        return [step.row for step in self.trail]

    @property
    def decided_by(self) -> tuple[str, ...]:
        """``kind:object_id`` of the steps that answered yes or could not tell."""
        return tuple(f"{s.kind}:{s.object_id or s.name}" for s in self.trail if s.answer is not Answer.NO)
