"""Resolves recipients of one message by ``rules.recipients``: whom each becomes, who is refused, what is told of it."""

from __future__ import annotations

from itertools import chain

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.model.next_hop import SUBMISSION
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules import recipients as recipient_rules
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset

TOLD_AT_MOST = 100
"""Members of a group that its EXPAND event names."""
Failed = list[tuple[Recipient, Outcome]]
End = recipient_rules.Delivery | recipient_rules.Refusal


class Resolving:
    """Resolution of one message's recipients. ``owners``, ``homes``, ``known`` and ``decided`` are by ``id()`` of a
    recipient: whose group led to it, on which server its mailbox is, whether it was resolved before, and with it its
    form was decided, as it is where it was."""

    def __init__(self, ruleset: Ruleset, message: Message, lookup: RecipientLookup, now: float) -> None:
        self.failed: Failed = []
        self.events: list[TrackingEvent] = []
        self.owners: dict[int, Address] = {}
        self.homes: dict[int, str] = {}
        self.known: set[int] = set()
        self.decided: set[int] = set()
        self._ruleset = ruleset
        self._message = message
        self._lookup = lookup
        self._now = now
        # Our own notifications go to whom they are about, whoever else may write there.
        self._sender = Sender(message.envelope_sender, bool(message.identity) or message.is_dsn)

    def resolve(self, recipient: Recipient) -> list[Recipient]:
        if recipient.is_resolved:
            self.known.add(id(recipient))
            self.decided.add(id(recipient))
        try:
            resolution = recipient_rules.resolve(
                self._ruleset,
                recipient.address,
                self._lookup,
                sender=self._sender,
                size_bytes=self._message.size_bytes,
                is_again=recipient.is_resolved,
            )
        except LookupUnavailable as error:
            recipient.leave_route(SUBMISSION, f"The directory cannot answer: {error}.")
            return [recipient]
        if not resolution.changes and not resolution.refusals:
            (delivery,) = resolution.deliveries
            recipient.address = delivery.address
            if delivery.home_server:
                self.homes[id(recipient)] = delivery.home_server
            return [recipient]
        self.events += [_changed(self._message, change, self._now) for change in resolution.changes]
        own = _own(recipient, resolution)
        refused = [(_derived(recipient, one.address, is_own=one is own), _refused(one)) for one in resolution.refusals]
        self.failed += refused
        delivered = [self._delivered(recipient, one, is_own=one is own) for one in resolution.deliveries]
        return [*delivered, *(one for one, _ in refused)]

    def _delivered(self, recipient: Recipient, delivery: recipient_rules.Delivery, *, is_own: bool) -> Recipient:
        made = _derived(recipient, delivery.address, is_own=is_own)
        if delivery.owner is not None:
            self.owners[id(made)] = delivery.owner
        if delivery.home_server:
            self.homes[id(made)] = delivery.home_server
        if recipient.is_resolved:
            self.known.add(id(made))  # in a form of its own where it is another by now
        return made

    def distinct(self, keep: list[Recipient], resolved: list[Recipient]) -> list[Recipient]:
        """Each address once, and none of those that have it already or were given up; one that is reached another way
        is not refused."""
        seen = {r.address.key for r in keep}
        refused = {id(recipient) for recipient, _ in self.failed}
        distinct: list[Recipient] = []
        for recipient in sorted(resolved, key=lambda one: id(one) in refused) if refused else resolved:
            if recipient.address.key not in seen:
                seen.add(recipient.address.key)
                distinct.append(recipient)
        if refused:
            kept = {id(recipient) for recipient in distinct}
            self.failed = [(recipient, outcome) for recipient, outcome in self.failed if id(recipient) in kept]
        return distinct


def _own(recipient: Recipient, resolution: recipient_rules.Resolution) -> End | None:
    """The one of its deliveries and refusals that keeps its address."""
    key, ends = recipient.address.key, chain[End](resolution.deliveries, resolution.refusals)
    return next((one for one in ends if one.address.key == key), None)


def _derived(recipient: Recipient, address: Address, *, is_own: bool) -> Recipient:
    """Who keeps the address keeps what is known of tries and reports. A delay that was told is not told again."""
    orcpt = recipient.orcpt or f"rfc822;{recipient.original}"  # RFC 3461 5.2.1: what was asked for is kept
    if is_own:
        recipient.address, recipient.orcpt = address, orcpt
        return recipient
    return Recipient(
        index=recipient.index,
        address=address,
        original=recipient.original,
        notify=recipient.notify,
        orcpt=orcpt,
        is_delay_dsn_sent=recipient.is_delay_dsn_sent,
    )


def _changed(message: Message, change: recipient_rules.Change, now: float) -> TrackingEvent:
    return TrackingEvent(
        change.event,
        now,
        message_id=message.id,
        recipient=str(change.address),
        detail={"to": [str(address) for address in change.to[:TOLD_AT_MOST]], "because": change.because},
    )


def _refused(refusal: recipient_rules.Refusal) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, refusal.reply, refusal.because)
