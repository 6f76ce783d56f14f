"""The organisation's limits of message size (Exchange's MaxSendSize and MaxReceiveSize), beside those of connector,
relay policy and recipient: the smallest that applies decides. Pure.

Our own notifications come in no session and are under none of them, as in Exchange.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from transport.config.objects import Organization, PermissionGroup, ReceiveConnector
from transport.config.types import format_size
from transport.model.address import Address
from transport.model.limit import Limit, Reached
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules import finding, own_sending, relay, restrictions
from transport.rules.ruleset import Ruleset

TOO_LARGE_TO_SEND = Reply(552, "5.3.4", "Message size exceeds fixed limit")  # RFC 1870 6.1
CANNOT_VERIFY = Reply(451, "4.3.0", "Recipient cannot be verified now, try again later")


def objection(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipients: Iterable[Address],
    *,
    size_bytes: int,
    stage: Stage,
    lookup: RecipientLookup,
    now: float,
) -> Verdict | None:
    """A refusal of a message of this size that is otherwise accepted for ``recipients``, or None."""
    send, receive = ruleset.organization.max_send_size, ruleset.organization.max_receive_size
    own = own_sending.limited(ruleset, facts, sender)
    if own is not None and own.max_send_size is not None:
        send = own.max_send_size
    else:
        own = None
    for recipient in recipients:
        is_ours = not recipient.domain or ruleset.accepted_domain(recipient.domain) is not None
        if send is not None and size_bytes > send and (facts.identity or not is_ours):
            is_exempt = not is_ours and _is_bypassed(ruleset, facts, sender, recipient, size_bytes=size_bytes, now=now)
            if not is_exempt and own is not None:
                return own_sending.refusal(stage, TOO_LARGE_TO_SEND, own, Limit.SEND_SIZE, format_size(send), "")
            if not is_exempt:
                return _refused(stage, TOO_LARGE_TO_SEND, Limit.SEND_SIZE, send, size_bytes, "our own senders send")
        if receive is not None and size_bytes > receive and is_ours:
            refusal = _receiving(ruleset, facts, recipient, receive, size_bytes=size_bytes, stage=stage, lookup=lookup)
            if refusal is not None:
                return refusal
    return None


def _is_bypassed(
    ruleset: Ruleset, facts: SessionFacts, sender: Address, recipient: Address, *, size_bytes: int, now: float
) -> bool:
    """Whether a relay policy grants it that has the right ms-Exch-Bypass-Message-Size-Limit."""
    return any(
        compiled.policy.is_message_size_limit_bypassed
        and not relay.objection(compiled, facts, sender, recipient, size_bytes=size_bytes, now=now)
        for compiled in ruleset.policies_for(facts.peer)
    )


def _receiving(
    ruleset: Ruleset,
    facts: SessionFacts,
    recipient: Address,
    limit: int,
    *,
    size_bytes: int,
    stage: Stage,
    lookup: RecipientLookup,
) -> Verdict | None:
    """Between people of ours the recipient's own limit stands in for the organisation's, as in Exchange."""
    try:
        if facts.identity and _has_own_limit(ruleset, recipient, lookup):
            return None
    except LookupUnavailable as error:
        because = f"The directory cannot say whether {recipient} has a limit of its own: {error}."
        step = Step("directory", "", "directory", Answer.CANNOT_TELL, because)
        return Verdict(Action.DEFER, stage, CANNOT_VERIFY, because, (step,))
    return _refused(stage, restrictions.TOO_LARGE, Limit.RECEIVE_SIZE, limit, size_bytes, "our recipients get")


def _has_own_limit(ruleset: Ruleset, recipient: Address, lookup: RecipientLookup) -> bool:
    domain = ruleset.accepted_domain(recipient.domain) if recipient.domain else None
    found = finding.find(ruleset, domain, recipient, lookup) if domain is not None else None
    return found is not None and found.entry is not None and bool(found.entry.max_receive_bytes)


def _refused(stage: Stage, reply: Reply, limit: Limit, octets: int, size_bytes: int, whose: str) -> Verdict:
    value = format_size(octets)
    because = f"{size_bytes} octets; {whose} messages up to {value}."
    step = Step("organization", "", limit.value, Answer.NO, because)
    return Verdict(Action.REFUSE, stage, reply, f"Organisation, {limit}: {because}", (step,), Reached(limit, value))


@dataclass(frozen=True, slots=True)
class EffectiveSize:
    """The largest message of ``whose`` that a receive connector takes, and whose limit says so."""

    whose: str
    size_bytes: int
    limit: Limit

    @property
    def size(self) -> str:
        return format_size(self.size_bytes)

    @property
    def is_organisations(self) -> bool:
        """Whether it is the organisation's limit, not the connector's."""
        return self.limit is not Limit.MESSAGE_SIZE


def effective(organization: Organization, connector: ReceiveConnector) -> tuple[EffectiveSize, ...]:
    """For each kind of mail that the connector may take. Relay policies and recipients may have less by themselves."""
    send, receive = organization.max_send_size, organization.max_receive_size
    told = [("For our recipients, from who signed in", (send, receive))] if connector.takes_users else []
    if _takes_strangers(connector):
        told.append(("For our recipients, from others", (None, receive)))
    told.append(("For the outside, by a relay policy", (send, None)))
    return tuple(_effective(whose, connector, *limits) for whose, limits in told)


def _effective(whose: str, connector: ReceiveConnector, send: int | None, receive: int | None) -> EffectiveSize:
    known = {Limit.MESSAGE_SIZE: connector.max_message_size, Limit.SEND_SIZE: send, Limit.RECEIVE_SIZE: receive}
    size, limit = min(((size, limit) for limit, size in known.items() if size is not None), key=lambda one: one[0])
    return EffectiveSize(whose, size, limit)


def announced(ruleset: Ruleset, connector: ReceiveConnector) -> int:
    """What SIZE says (RFC 1870 4): the connector's limit, or less where nothing larger is taken of anybody."""
    organization = ruleset.organization
    ways = [_largest_of_users(ruleset)] if connector.takes_users else []  # of users too who send to ours
    if _takes_strangers(connector):
        ways.append(organization.max_receive_size)
    if ruleset.policies:
        is_bypassed = any(one.policy.is_message_size_limit_bypassed for one in ruleset.policies)
        ways.append(None if is_bypassed else organization.max_send_size)
    known = [way for way in ways if way is not None]
    is_sure = bool(known) and len(known) == len(ways)
    return min(connector.max_message_size, max(known)) if is_sure else connector.max_message_size


def _largest_of_users(ruleset: Ruleset) -> int | None:
    """What at least one of those who sign in may send."""
    largest = ruleset.organization.max_send_size
    if largest is None or ruleset.limited_senders is None:
        return largest
    return max((largest, *ruleset.limited_senders.sizes))


def _takes_strangers(connector: ReceiveConnector) -> bool:
    """Whether anybody may send there who did not sign in."""
    return bool({PermissionGroup.ANONYMOUS_USERS, PermissionGroup.PARTNERS} & set(connector.permission_groups))
