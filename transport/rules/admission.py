"""Why a command is accepted or refused. Pure: the listener, the simulator and the tests call the same functions.

Each function takes values and ``now`` (unix seconds) and returns a Verdict with the whole trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transport.config.objects import PermissionGroup, ReceiveConnector, TlsMode
from transport.config.types import format_size
from transport.model.address import Address, is_domain
from transport.model.limit import Limit, Reached
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.ports.recipients import AttributeReader as AttributeReader  # what a look-up from elsewhere answers with
from transport.ports.recipients import EntryKind as EntryKind
from transport.ports.recipients import RecipientEntry as RecipientEntry
from transport.ports.recipients import RecipientLookup as RecipientLookup
from transport.ports.recipients import SenderRestrictions as SenderRestrictions
from transport.ports.recipients import no_attributes as no_attributes
from transport.ports.unavailable import LookupUnavailable as LookupUnavailable
from transport.rules import destinations, ip_filter, ownership, relay, size_limits, strangers, taking
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset

ACCESS_DENIED = Reply(554, "5.7.1", "Access denied")  # RFC 5321 3.1
TLS_REQUIRED = Reply(530, "5.7.0", "Must issue a STARTTLS command first")  # RFC 3207 4
AUTH_REQUIRED = Reply(530, "5.7.0", "Authentication required")  # RFC 4954 6
TOO_LARGE = Reply(552, "5.3.4", "Message size exceeds fixed limit")  # RFC 1870 6.1
UNABLE_TO_RELAY = Reply(550, "5.7.1", "Unable to relay")
RELAY_RATE = Reply(451, "4.7.1", "Too many messages for this relay, try again later")  # RFC 3463 X.7.1, for now
INVALID_DOMAIN = Reply(501, "5.5.4", "Invalid domain name")  # RFC 5321 4.1.1.1
BAD_DESTINATION = Reply(550, "5.1.2", "The recipient's domain does not exist")
ROUTING_LOOP = Reply(554, "5.4.6", "Too many hops, routing loop detected")
HEADER_TOO_LARGE = Reply(552, "5.3.4", "Message header size exceeds fixed limit")


_ACCEPTED = {stage: Verdict(Action.ACCEPT, stage, None) for stage in Stage}


def accept(stage: Stage, trail: tuple[Step, ...] = ()) -> Verdict:
    return Verdict(Action.ACCEPT, stage, None, "", trail) if trail else _ACCEPTED[stage]


def refuse(stage: Stage, reply: Reply, reason: str, trail: tuple[Step, ...] = ()) -> Verdict:
    """A refusal; a 4xx reply makes it a deferral."""
    return Verdict(Action.DEFER if reply.is_temporary else Action.REFUSE, stage, reply, reason, trail)


def connect(ruleset: Ruleset, facts: SessionFacts, *, now: float) -> Verdict:
    """Whether the peer may talk to us at all."""
    is_blocked, trail = ip_filter.check(ruleset, facts.peer, now=now)
    if is_blocked:
        reason = f"IP block list: {trail[0].name}. {trail[0].because}"
        reply = ip_filter.rejection(ruleset.organization, facts.peer)
        return Verdict(Action.DISCONNECT, Stage.CONNECT, reply, reason, trail)
    connector = ruleset.receive_connectors.get(facts.connector_id)
    if connector is None:
        reason = f"No receive connector on {facts.binding} serves {facts.peer}."
        step = Step("receive_connectors", "", "receive connectors", Answer.NO, reason)
        return Verdict(Action.DISCONNECT, Stage.CONNECT, ACCESS_DENIED, reason, (*trail, step))
    if facts.proxy and not ruleset.lists_proxy(connector, facts.proxy):
        because = f"{facts.peer} came through the proxy {facts.proxy}, which the connector does not list."
        refusal = _by_connector(Stage.CONNECT, connector, ACCESS_DENIED, because)
        return replace(refusal, action=Action.DISCONNECT, trail=(*trail, *refusal.trail))
    served = Step("receive_connectors", connector.id, connector.name, Answer.YES, f"Serves {facts.peer}.")
    return accept(Stage.CONNECT, (*trail, served))


def not_a_proxy_header(facts: SessionFacts, why: str) -> Verdict:
    """The end of a connection from a listed proxy that did not say who its client is: it is never guessed."""
    reason = f"The proxy {facts.peer} has to say who its client is, but {why}."
    step = Step("receive_connectors", "", "proxy", Answer.NO, reason)
    return Verdict(Action.DISCONNECT, Stage.CONNECT, ACCESS_DENIED, reason, (step,))


def handshake_failed(ruleset: Ruleset, facts: SessionFacts, why: str) -> Verdict:
    """The end of a connection whose TLS could not begin; there is nobody to reply to."""
    connector = ruleset.receive_connectors.get(facts.connector_id)
    name = connector.name if connector is not None else "none"
    reason = f"Receive connector {name}: the TLS handshake failed: {why}."
    step = Step("receive_connectors", facts.connector_id, name, Answer.NO, reason)
    return Verdict(Action.DISCONNECT, Stage.SESSION, None, reason, (step,))


def helo(ruleset: Ruleset, facts: SessionFacts, *, now: float) -> Verdict:
    """Whether the peer's name is taken."""
    connector = ruleset.receive_connectors[facts.connector_id]
    if connector.is_ehlo_domain_required and facts.helo and not is_domain(facts.helo):
        because = f"The connector asks for a domain; the peer calls itself '{facts.helo}'."
        return _by_connector(Stage.HELO, connector, INVALID_DOMAIN, because)
    return accept(Stage.HELO)


def mail(ruleset: Ruleset, facts: SessionFacts, sender: Address, *, declared_size_bytes: int, now: float) -> Verdict:
    """Whether the peer may send at all, and a message of this declared size (0 when SIZE= was not given)."""
    connector = ruleset.receive_connectors[facts.connector_id]
    if facts.is_unnamed:
        because = f"The proxy {facts.proxy} did not say who its client is."
        return _by_connector(Stage.MAIL, connector, ACCESS_DENIED, because)
    if connector.tls_mode in (TlsMode.REQUIRED, TlsMode.IMPLICIT) and facts.tls is None:
        return _by_connector(Stage.MAIL, connector, TLS_REQUIRED, "The connector takes mail only over TLS.")
    if not _is_permitted(connector, facts):
        groups = " or ".join(connector.permission_groups) or "nobody"
        return _by_connector(Stage.MAIL, connector, AUTH_REQUIRED, f"The connector serves {groups}.")
    if declared_size_bytes > connector.max_message_size:
        limit = format_size(connector.max_message_size)
        reason = f"Declared {declared_size_bytes} octets; the connector's limit is {limit}."
        return _by_connector(Stage.MAIL, connector, TOO_LARGE, reason, Reached(Limit.MESSAGE_SIZE, limit))
    if ownership.asks_envelope(connector, facts):
        return ownership.envelope(ruleset, facts, sender, now=now) or accept(Stage.MAIL)
    if strangers.asks(connector, facts):
        return strangers.envelope(ruleset, connector, facts, sender, now=now) or accept(Stage.MAIL)
    return accept(Stage.MAIL)


def _is_permitted(connector: ReceiveConnector, facts: SessionFacts) -> bool:
    groups = connector.permission_groups
    if PermissionGroup.ANONYMOUS_USERS in groups:
        return True
    if PermissionGroup.EXCHANGE_USERS in groups and facts.identity:
        return True
    return PermissionGroup.PARTNERS in groups and facts.tls is not None and bool(facts.tls.client_fingerprint)


def _by_connector(
    stage: Stage, connector: ReceiveConnector, reply: Reply, because: str, limit: Reached | None = None
) -> Verdict:
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    named = f"{connector.name}, {limit.limit}" if limit is not None else connector.name
    verdict = refuse(stage, reply, f"Receive connector {named}: {because}", (step,))
    return replace(verdict, limit=limit) if limit is not None else verdict


def rcpt(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipient: Address,
    *,
    size_bytes: int,
    lookup: RecipientLookup,
    now: float,
    usage: relay.Usage | None = None,
) -> Verdict:
    """Relay or own (design.md): a recipient of an accepted domain, else a relay policy has to grant it. ``usage`` is
    what the client sent under relay policies that have a rate; None leaves rates out."""
    verdict = _asked(ruleset, facts, sender, recipient, size_bytes=size_bytes, lookup=lookup, now=now, usage=usage)
    if size_bytes <= ruleset.organization_size or not verdict.is_accepted:
        return verdict
    refusal = size_limits.objection(
        ruleset, facts, sender, [recipient], size_bytes=size_bytes, stage=Stage.RCPT, lookup=lookup, now=now
    )
    return replace(refusal, trail=(*verdict.trail, *refusal.trail)) if refusal is not None else verdict


def _asked(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipient: Address,
    *,
    size_bytes: int,
    lookup: RecipientLookup,
    now: float,
    usage: relay.Usage | None,
) -> Verdict:
    if not recipient.domain:
        return _bare_postmaster(ruleset)
    domain = ruleset.accepted_domain(recipient.domain)
    if domain is None:
        connector = ruleset.receive_connectors.get(facts.connector_id)
        because = destinations.why_not(connector, recipient.domain) if connector is not None else ""
        if connector is not None and because:
            return _by_connector(Stage.RCPT, connector, BAD_DESTINATION, because)
        return _relayed(ruleset, facts, sender, recipient, size_bytes=size_bytes, now=now, usage=usage)
    step = Step(
        "accepted_domains",
        domain.id,
        domain.name,
        Answer.YES,
        f"{recipient.domain} is accepted ({domain.domain_type}).",
    )
    asking = Sender(sender, bool(facts.identity))
    return taking.verdict(ruleset, domain, recipient, asking, step, size_bytes=size_bytes, lookup=lookup)


def _bare_postmaster(ruleset: Ruleset) -> Verdict:
    if ruleset.organization.postmaster_address or ruleset.document.default_domain:  # RFC 5321 4.5.1
        step = Step("organization", "", "postmaster", Answer.YES, "Mail to postmaster is always taken.")
        return accept(Stage.RCPT, (step,))
    reason = "Mail to postmaster without a domain, but there is neither a postmaster address nor an accepted domain."
    return refuse(Stage.RCPT, taking.USER_UNKNOWN, reason, (Step("organization", "", "postmaster", Answer.NO, reason),))


def _relayed(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipient: Address,
    *,
    size_bytes: int,
    now: float,
    usage: relay.Usage | None,
) -> Verdict:
    result = relay.grant(ruleset, facts, sender, recipient, size_bytes=size_bytes, now=now, usage=usage)
    if result.policy is not None:
        return accept(Stage.RCPT, result.trail)
    outside = Step(
        "accepted_domains", "", "accepted domains", Answer.NO, f"{recipient.domain} is not an accepted domain."
    )
    if result.is_spent:
        reason = f"{relay.client_of(facts)} has sent as much as the relay policies let it for now."
        return refuse(Stage.RCPT, RELAY_RATE, reason, (outside, *result.trail))
    reason = f"{recipient.domain} is not an accepted domain and no relay policy lets {facts.peer} send there."
    return refuse(Stage.RCPT, UNABLE_TO_RELAY, reason, (outside, *result.trail))


def data(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipients: Sequence[Address],
    *,
    size_bytes: int,
    header_size_bytes: int,
    hop_count: int,
    local_hop_count: int = 0,
    lookup: RecipientLookup,
    now: float,
) -> Verdict:
    """Whether the message as it was transferred may be accepted; sizes in octets without our trace headers."""
    connector = ruleset.receive_connectors[facts.connector_id]
    if size_bytes > connector.max_message_size:
        limit = format_size(connector.max_message_size)
        reason = f"{size_bytes} octets; the connector's limit is {limit}."
        return _by_connector(Stage.DATA, connector, TOO_LARGE, reason, Reached(Limit.MESSAGE_SIZE, limit))
    if header_size_bytes > connector.max_header_size:
        limit = format_size(connector.max_header_size)
        reason = f"A header of {header_size_bytes} octets; the limit is {limit}."
        return _by_connector(Stage.DATA, connector, HEADER_TOO_LARGE, reason, Reached(Limit.HEADER_SIZE, limit))
    if hop_count > connector.max_hop_count:
        reason = f"{hop_count} Received fields; the limit is {connector.max_hop_count}."
        reached = Reached(Limit.HOP_COUNT, str(connector.max_hop_count))
        return _by_connector(Stage.DATA, connector, ROUTING_LOOP, reason, reached)
    if 0 < connector.max_local_hop_count < local_hop_count:
        reason = f"{local_hop_count} Received fields of our own; the limit is {connector.max_local_hop_count}."
        reached = Reached(Limit.LOCAL_HOP_COUNT, str(connector.max_local_hop_count))
        return _by_connector(Stage.DATA, connector, ROUTING_LOOP, reason, reached)
    if size_bytes > ruleset.organization_size:
        refusal = size_limits.objection(
            ruleset, facts, sender, recipients, size_bytes=size_bytes, stage=Stage.DATA, lookup=lookup, now=now
        )
        if refusal is not None:
            return refusal
    if ruleset.has_policy_size_limits:
        return _still_granted(ruleset, facts, sender, recipients, size_bytes=size_bytes, now=now)
    return accept(Stage.DATA)


def _still_granted(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipients: Sequence[Address],
    *,
    size_bytes: int,
    now: float,
) -> Verdict:
    """A relay policy's size limit holds for the real size, whatever SIZE= said."""
    for recipient in recipients:
        if not recipient.domain or ruleset.accepted_domain(recipient.domain) is not None:
            continue
        result = relay.grant(ruleset, facts, sender, recipient, size_bytes=size_bytes, now=now)
        if result.policy is None:
            reason = f"No relay policy lets {facts.peer} send {size_bytes} octets to {recipient.domain}."
            return refuse(Stage.DATA, TOO_LARGE, reason, result.trail)
    return accept(Stage.DATA)


@dataclass(frozen=True, slots=True)
class DecisionInput:
    """One decision of the past, or one asked about: enough to decide it again under any document."""

    facts: SessionFacts
    sender: Address
    recipient: Address | None
    size_bytes: int = 0
