"""What mail flow rules look at: one message, read only as far as a rule asks. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.rules import headers
from transport.rules.pattern_match import Steps
from transport.rules.rule_attachment import Attachments
from transport.rules.rule_header import HeaderFields, NotKnown
from transport.rules.rule_mime import attachments

MAX_STEPS = 400_000
"""That all patterns of all rules may take for one message, unless they are very many: some tens of milliseconds."""


class RuleFacts:
    """``session`` is None for a file of the Pickup directory. ``content`` is the message with CRLF line ends, or None
    where only what is recorded of it is known: then ``subject`` is its decoded subject, if that was recorded. Rules
    that change the header change ``fields``."""

    def __init__(
        self,
        *,
        session: SessionFacts | None,
        sender: Address,
        recipients: Sequence[Address],
        size_bytes: int,
        content: bytes | None = None,
        subject: str | None = None,
    ) -> None:
        self.session = session
        self.sender = sender
        self.recipients = recipients
        self.size_bytes = size_bytes
        self.steps = Steps(MAX_STEPS)
        self.is_header_read = False
        self._content = content
        self._subject = subject

    @property
    def has_content(self) -> bool:
        return self._content is not None

    @cached_property
    def fields(self) -> HeaderFields:
        """The header. Raises NotKnown."""
        if self._content is None:
            raise NotKnown("The message's header was not recorded.")
        self.is_header_read = True
        return HeaderFields(headers.header_of(self._content))

    @property
    def subjects(self) -> list[str]:
        """Raises NotKnown."""
        if self._content is None and self._subject is not None:
            return [self._subject]
        return self.fields.texts("subject")

    @cached_property
    def attachments(self) -> Attachments:
        """Raises NotKnown."""
        if self._content is None:
            raise NotKnown("The message's parts were not recorded.")
        return attachments(self._content)

    @property
    def changed_content(self) -> bytes | None:
        """The message with its header changed; None where no rule changed it."""
        if self._content is None or not self.is_header_read or not self.fields.is_changed:
            return None
        return bytes(self.fields) + self._content[len(headers.header_of(self._content)) :]


__all__ = ["MAX_STEPS", "NotKnown", "RuleFacts"]
