"""Which queued messages an operator means: data, never a query's text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from transport.model.envelope import decode_queue_id
from transport.model.queued import MessageStatus

MAX_TEXT = 500
MAX_MESSAGES = 1000
HOLDABLE = frozenset({"queue", "connector_id", "sender", "recipient", "domain", "policy_id", "receive_connector_id"})
"""What is known of a message when it is routed: the criteria of a hold rule."""


class BadFilter(ValueError):
    """A criterion cannot be read; ``str()`` is a sentence."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Every criterion that is given must hold; empty texts and zeros are not asked.

    ``sender`` and ``recipient`` are an address, ``domain``, ``*.domain``; ``<>`` is the null sender. ``domain`` is the
    recipient's. ``reply`` is a part of the last reply or reason. ``connector_id`` is a send connector,
    ``hold_id`` a hold rule, ``messages`` queue ids. ``received_before`` (unix seconds) leaves out what came later.
    """

    queue: str = ""
    connector_id: str = ""
    receive_connector_id: str = ""
    policy_id: str = ""
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    reply: str = ""
    state: str = ""
    hold_id: str = ""
    messages: tuple[str, ...] = ()
    older_than_s: float = 0.0
    younger_than_s: float = 0.0
    larger_than_bytes: int = 0
    smaller_than_bytes: int = 0
    received_before: float = 0.0

    def __post_init__(self) -> None:
        """Raises BadFilter."""
        for name in _TEXTS:
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > MAX_TEXT:
                raise BadFilter(f"'{name}' is a text of at most {MAX_TEXT} characters.")
        for name in _NUMBERS:
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1e15:
                raise BadFilter(f"'{name}' is a number from 0.")
        if self.state and self.state not in set(MessageStatus):
            raise BadFilter(f"There is no state '{self.state}': choose {', '.join(MessageStatus)}.")
        if len(self.messages) > MAX_MESSAGES:
            raise BadFilter(f"At most {MAX_MESSAGES} messages can be named.")
        for queue_id in self.messages:
            try:
                decode_queue_id(queue_id)
            except (ValueError, AttributeError) as error:
                raise BadFilter(f"'{queue_id}' is no queue id: {error}.") from None

    @property
    def is_empty(self) -> bool:
        """Whether it lets every message through."""
        return not self.criteria - {"received_before"}

    @property
    def criteria(self) -> set[str]:
        """The names of what is asked."""
        return {one.name for one in fields(self) if getattr(self, one.name)}

    def row(self) -> dict[str, Any]:
        """As JSON, without what is not asked."""
        return {name: list(value) if name == "messages" else value for name, value in asdict(self).items() if value}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> QueueFilter:
        """The inverse of ``row``. Raises BadFilter."""
        unknown = set(row) - {one.name for one in fields(cls)}
        if unknown:
            raise BadFilter(f"There is no criterion '{sorted(unknown)[0]}'.")
        messages = row.get("messages", ())
        if isinstance(messages, str) or not all(isinstance(one, str) for one in messages):
            raise BadFilter("'messages' is a list of queue ids.")
        return cls(**{**row, "messages": tuple(messages)})

    @property
    def sentence(self) -> str:
        """``in queue X, from a@b``, for people."""
        parts = [words.format(getattr(self, name)) for name, words in _WORDS.items() if getattr(self, name)]
        if self.messages:
            shown = ", ".join(self.messages[:3])
            parts.append(shown if len(self.messages) <= 3 else f"{shown} and {len(self.messages) - 3} more by name")
        return ", ".join(parts) or "every message"


_TEXTS = (
    "queue", "connector_id", "receive_connector_id", "policy_id", "sender", "recipient", "domain", "reply", "state",
    "hold_id",
)  # fmt: skip
_NUMBERS = ("older_than_s", "younger_than_s", "larger_than_bytes", "smaller_than_bytes", "received_before")
_WORDS = {
    "queue": "in queue {}",
    "connector_id": "through send connector {}",
    "receive_connector_id": "received by {}",
    "policy_id": "let in by relay policy {}",
    "sender": "from {}",
    "recipient": "to {}",
    "domain": "to the domain {}",
    "reply": "with '{}' in the last reply",
    "state": "in state {}",
    "hold_id": "held by rule {}",
    "older_than_s": "older than {:g} s",
    "younger_than_s": "younger than {:g} s",
    "larger_than_bytes": "larger than {} octets",
    "smaller_than_bytes": "smaller than {} octets",
}
