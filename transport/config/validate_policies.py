"""Rules about relay policies: none may make an open relay without saying so, and none may rot unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.objects import IdentityMatch, RelayPolicy
from transport.config.problem import Problem, Severity
from transport.config.ranges import parse_range

POLICIES = "relay_policies"
BROAD_FROM = {4: 2**17, 6: 2**97}
"""Addresses from which a network is broad: /15 in IPv4, wider than /32 (a provider's usual share) in IPv6."""
BROAD_TOGETHER = {4: 2**20, 6: 2**97}
"""The same for all networks of one list together: sixteen /16 say *everybody* as well as one /12 does."""


def broad_of(networks: Iterable[str]) -> tuple[str, ...]:
    """Those of the networks that are broad, alone or together."""
    ranges = {network: parse_range(network) for network in networks}
    alone = tuple(network for network in ranges if is_broad(network))
    if alone:
        return alone
    for version, limit in BROAD_TOGETHER.items():
        same = {network: one.size for network, one in ranges.items() if one.version == version}
        if sum(same.values()) >= limit:
            return tuple(same)
    return ()


def is_broad(network: str) -> bool:
    """Whether it is broad by itself."""
    one = parse_range(network)
    return one.size >= BROAD_FROM[one.version]


def is_open(policy: RelayPolicy) -> bool:
    """Whether a network is enough and any recipient will do. A sender proves nothing: anyone can write it."""
    to_anyone = not policy.recipient_addresses or any(map(is_everywhere, policy.recipient_addresses))
    is_proof_needed = bool(policy.identities or policy.client_certificates)
    return to_anyone and not (is_proof_needed and policy.identity_match is IdentityMatch.ALL)


def is_everywhere(pattern: str) -> bool:
    """``*``, or all of a top-level domain."""
    return pattern == "*" or (pattern.startswith("*.") and "." not in pattern[2:])


def _broad_ones_say_so(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for policy in document.relay_policies:
        if not policy.is_enabled or policy.is_expired(now) or not is_open(policy):
            continue
        broad = broad_of(policy.networks)
        if not broad:
            continue
        what = f"{', '.join(broad[:3])}{' and more' if len(broad) > 3 else ''}"
        if policy.is_broad_override:
            sentence = f"{policy.name} lets {what} relay to anyone without signing in, and says that this is meant."
            yield Problem(POLICIES, policy.id, "networks", sentence, Severity.WARNING)
        else:
            sentence = (
                f"{what} is so broad that {policy.name} would be an open relay: "
                "narrow the networks or the recipients, ask for sign-in or a certificate, or say that it is meant."
            )
            yield Problem(POLICIES, policy.id, "networks", sentence)


def _expired_ones_are_told(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for policy in document.relay_policies:
        if policy.is_enabled and policy.is_expired(now):
            sentence = f"{policy.name} expired on {policy.expires_at:%Y-%m-%d}: it grants nothing. Renew or delete it."
            yield Problem(POLICIES, policy.id, "expires_at", sentence, Severity.WARNING)


RULES = (_broad_ones_say_so, _expired_ones_are_told)
