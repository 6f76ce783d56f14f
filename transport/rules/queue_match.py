"""Whether a queued message is one that an operator means. Pure: a filter made ready once, asked for each message."""

from __future__ import annotations

from collections.abc import Callable

from transport.model.address import Address
from transport.model.envelope import Message, Recipient, decode_queue_id
from transport.model.next_hop import NextHop
from transport.model.queue_filter import QueueFilter
from transport.rules.patterns import AddressPatterns

AboutArrival = Callable[[int, float], bool]
AboutMessage = Callable[[Message], bool]
AboutRecipient = Callable[[Recipient], bool]


class QueueMatch:
    """``now`` is when ages are counted from. State and queue are the caller's to ask: ``filter`` has them."""

    def __init__(self, wanted: QueueFilter, now: float) -> None:
        self.filter = wanted
        self._of_arrival = _about_arrival(wanted, now)
        self._of_message = _about_message(wanted)
        self._of_recipient = _about_recipient(wanted)

    @property
    def must_read(self) -> bool:
        """Whether more than id and time of arrival is asked."""
        return bool(self._of_message or self._of_recipient)

    def arrival(self, message_id: int, received_at: float) -> bool:
        """Whether what is always in memory of a message fits."""
        return all(fits(message_id, received_at) for fits in self._of_arrival)

    def hop(self, hop: NextHop) -> bool:
        """Whether the queue of ``hop`` can hold messages that are meant."""
        wanted = self.filter
        return (not wanted.queue or str(hop) == wanted.queue) and wanted.connector_id in ("", hop.connector_id)

    def message(self, message: Message) -> bool:
        """Whether what else is the same for all its recipients fits."""
        return all(fits(message) for fits in self._of_message)

    def recipients(self, recipients: list[Recipient]) -> list[Recipient]:
        """Those that fit; ``recipients`` itself where all do."""
        if not self._of_recipient:
            return recipients
        found = [one for one in recipients if all(fits(one) for fits in self._of_recipient)]
        return recipients if len(found) == len(recipients) else found


def _about_arrival(wanted: QueueFilter, now: float) -> tuple[AboutArrival, ...]:
    asked: list[AboutArrival] = []
    if wanted.messages:
        ids = {decode_queue_id(queue_id) for queue_id in wanted.messages}
        asked.append(lambda message_id, at: message_id in ids)
    if wanted.older_than_s:
        oldest = now - wanted.older_than_s
        asked.append(lambda message_id, at: at < oldest)
    if wanted.younger_than_s:
        newest = now - wanted.younger_than_s
        asked.append(lambda message_id, at: at > newest)
    if wanted.received_before:
        asked.append(lambda message_id, at: at <= wanted.received_before)
    return tuple(asked)


def _about_message(wanted: QueueFilter) -> tuple[AboutMessage, ...]:
    asked: list[AboutMessage] = []
    if wanted.sender:
        named = address_test(wanted.sender)
        asked.append(lambda message: named(message.envelope_sender))
    if wanted.receive_connector_id:
        asked.append(lambda message: message.connector_id == wanted.receive_connector_id)
    if wanted.policy_id:
        asked.append(lambda message: wanted.policy_id in message.policy_ids)
    if wanted.larger_than_bytes:
        asked.append(lambda message: message.size_bytes > wanted.larger_than_bytes)
    if wanted.smaller_than_bytes:
        asked.append(lambda message: message.size_bytes < wanted.smaller_than_bytes)
    return tuple(asked)


def _about_recipient(wanted: QueueFilter) -> tuple[AboutRecipient, ...]:
    asked: list[AboutRecipient] = []
    if wanted.recipient:
        named = address_test(wanted.recipient)
        asked.append(lambda recipient: named(recipient.address) or named(recipient.original))
    if wanted.domain:
        of_domain = AddressPatterns([wanted.domain.removeprefix("@")])
        asked.append(lambda recipient: of_domain.match(recipient.address))
    if wanted.reply:
        part = wanted.reply.casefold()
        asked.append(lambda recipient: part in f"{recipient.last_reply}\n{recipient.last_reason}".casefold())
    if wanted.hold_id:
        asked.append(lambda recipient: recipient.hold is not None and recipient.hold.rule_id == wanted.hold_id)
    return tuple(asked)


def address_test(pattern: str) -> Callable[[Address], bool]:
    """``<>``, ``local@domain``, ``domain``, ``@domain``, ``*.domain``."""
    if pattern.strip() == "<>":
        return lambda address: address.is_null
    return AddressPatterns([pattern.strip().removeprefix("@").removeprefix("<").removesuffix(">")]).match
