"""What is broad about a relay policy: whom it names, and as whom they may send. Pure."""

from __future__ import annotations

from transport.config import client_certificate
from transport.config.diff import Json
from transport.config.objects import RelayPolicy
from transport.config.validate_policies import is_everywhere
from transport.rules.broad_domains import MANY_ADDRESSES, Own, broad_networks, named_whole

_SOMEBODYS = ("CN", "O", "OU", "SERIALNUMBER")
"""Attributes of a certificate's subject that name somebody; a country or a place does not."""


def relay_policy(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"]:
        return ""
    if after["is_broad_override"]:
        return "says that its broad network is meant"
    policy = RelayPolicy.model_validate(after)
    return broad_networks(policy.networks, "admits") or _sends_as(policy, own) or _relays_anywhere(policy)


def _sends_as(policy: RelayPolicy, own: Own) -> str:
    granted = policy.send_as_addresses
    anyone = next((one for one in granted if is_everywhere(one) or named_whole(one, own)), "")
    if anyone:
        return f"lets its users send as {'anybody' if anyone == '*' else f'anybody of {anyone}'}"
    if len(granted) >= MANY_ADDRESSES:
        return f"lets its users send as {len(granted)} others"
    if granted and "*" in policy.identities and not _is_narrowed(policy):
        return f"lets everybody who signs in send as {granted[0]}"
    return ""


def _relays_anywhere(policy: RelayPolicy) -> str:
    if policy.recipient_addresses and not any(map(is_everywhere, policy.recipient_addresses)):
        return ""
    if "*" in policy.identities and not _is_narrowed(policy):
        return "lets everybody who signs in relay anywhere"
    shared = next(filter(_is_shared, policy.client_certificates), "")
    is_narrowed = policy.identity_match == "all" and (policy.networks or set(policy.identities) - {"*"})
    return f"lets whoever has a certificate of {shared} relay anywhere" if shared and not is_narrowed else ""


def _is_narrowed(policy: RelayPolicy) -> bool:
    """Whether it takes more than to sign in."""
    return policy.identity_match == "all" and bool(policy.networks or policy.client_certificates)


def _is_shared(certificate: str) -> bool:
    names = {part.partition("=")[0].strip() for part in certificate.split(";")}
    return not client_certificate.is_thumbprint(certificate) and names.isdisjoint(_SOMEBODYS)
