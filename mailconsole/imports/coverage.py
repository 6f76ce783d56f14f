"""Whether a relay policy already admits clients that were seen."""

from __future__ import annotations

from collections.abc import Iterable

from mailconsole.imports.seen import Candidate
from transport.config.objects import RelayPolicy
from transport.config.ranges import parse_range


def policy_that_covers(candidate: Candidate, policies: Iterable[RelayPolicy]) -> str:
    """The name of a policy that admits each of its networks without more; empty where there is none."""
    return next((one.name for one in policies if _covers(one, candidate)), "")


def _covers(policy: RelayPolicy, candidate: Candidate) -> bool:
    if not policy.is_enabled or policy.client_certificates or policy.recipient_addresses:
        return False
    if policy.identities and not ("*" in policy.identities and candidate.is_always_signed_in):
        return False
    if policy.is_tls_required and not candidate.is_tls_always:
        return False
    ranges = [parse_range(network) for network in policy.networks]
    known = [parse_range(network) for network in candidate.networks]
    if ranges and not all(any(one.contains(network) for one in ranges) for network in known):
        return False
    allowed = set(policy.sender_addresses)
    return not allowed or "*" in allowed or set(candidate.sender_domains) <= allowed
