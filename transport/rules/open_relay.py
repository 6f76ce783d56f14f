"""Would a stranger be let relay? Tries the rules themselves, as outside peers would, and says who got through. Pure.

A test of the configuration as it runs, not of the sockets: it asks what a session from there would be answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transport.config.document import MailFlow
from transport.config.objects import RelayPolicy
from transport.model.address import NULL, Address, InvalidAddress, parse_mailbox
from transport.model.session import SessionFacts, TlsFacts
from transport.ports.recipients import NoDirectory
from transport.rules import admission, relay, replaying
from transport.rules.compiled_policy import CompiledPolicy
from transport.rules.ruleset import Ruleset

OUTSIDE_PEERS = (
    "1.1.1.1", "5.9.10.11", "8.8.8.8", "23.45.67.89", "45.12.34.56", "66.102.1.1", "81.2.69.142", "91.198.174.192",
    "103.21.244.7", "134.119.5.5", "151.101.1.69", "176.9.9.9", "185.199.108.153", "194.25.0.60",
    "217.160.0.1", "2001:4860:4860::8888", "2600:1f18::25", "2a00:1450:4001::1a", "2a01:4f8::25", "2c0f:fb50::1",
)  # fmt: skip
"""Public addresses of many networks and continents: a policy that lets one in means everybody."""
OUTSIDE_DOMAINS = ("open-relay-test.example", "open-relay-test.com", "open-relay-test.net", "open-relay-test.org")


@dataclass(frozen=True, slots=True)
class Opening:
    """A way through: from ``peer`` on ``connector`` by ``policy``. ``is_meant``: the policy says so of itself;
    ``is_own``: the peer is the node's gateway or proxy, and stands for everybody behind it."""

    peer: str
    connector: str
    policy_id: str
    policy: str
    is_meant: bool
    is_own: bool = False

    @property
    def sentence(self) -> str:
        if self.is_own:
            return (
                f"Whoever reaches this node through {self.peer}, its gateway or proxy, may relay anywhere: "
                f"{self.policy} names that address, which strangers share where it hides theirs."
            )
        return f"A stranger at {self.peer} may relay anywhere, without signing in: {self.policy} lets them."


def find_openings(document: MailFlow, *, own_peers: Sequence[str] = (), now: float) -> tuple[Opening, ...]:
    """One opening for each policy and kind of peer; none where no stranger gets through, at any time of the week."""
    ruleset = Ruleset(_at_any_time(document))
    found: dict[tuple[str, bool], Opening] = {}
    if not ruleset.policies:
        return ()
    for peer, is_own in [*((peer, False) for peer in OUTSIDE_PEERS), *((peer, True) for peer in own_peers)]:
        for opening in _try(ruleset, peer, is_own, now):
            found.setdefault((opening.policy_id, is_own), opening)
    outside = {policy_id for policy_id, is_own in found if not is_own}
    return tuple(one for one in found.values() if not (one.is_own and one.policy_id in outside))


def _at_any_time(document: MailFlow) -> MailFlow:
    """Without windows: what is shut now and open tonight is found now."""
    policies = tuple(policy.model_copy(update={"time_windows": ()}) for policy in document.relay_policies)
    return document.model_copy(update={"relay_policies": policies})


def _try(ruleset: Ruleset, peer: str, is_own: bool, now: float) -> Iterator[Opening]:
    recipients = [Address("stranger", domain) for domain in OUTSIDE_DOMAINS if ruleset.accepted_domain(domain) is None]
    for compiled in ruleset.policies_for(peer):
        policy = compiled.policy
        for binding in sorted(ruleset.bindings()):
            connector = ruleset.connector_for(binding, peer)
            if connector is None:
                continue
            facts = _stranger(peer, binding, connector.id, now)
            if any(_gets_through(ruleset, facts, compiled, sender, recipients, now) for sender in _forged(policy)):
                yield Opening(peer, connector.name, policy.id, policy.name, policy.is_broad_override, is_own)
                break


def _stranger(peer: str, binding: str, connector_id: str, now: float) -> SessionFacts:
    """Anybody can speak TLS; nobody of them has signed in or shows a certificate that verifies."""
    tls = TlsFacts("TLSv1.3", "")
    return SessionFacts("", peer, 0, binding, connector_id, 0, now, helo=OUTSIDE_DOMAINS[0], is_esmtp=True, tls=tls)


def _forged(policy: RelayPolicy) -> Iterator[Address]:
    """Senders a stranger might write: nobody, anybody, and whom the policy expects."""
    yield NULL
    yield Address("stranger", OUTSIDE_DOMAINS[0])
    for pattern in policy.sender_addresses:
        text = pattern if "@" in pattern else f"anybody@{pattern.removeprefix('*.')}"
        try:
            yield parse_mailbox(text)
        except InvalidAddress:
            continue


def _gets_through(
    ruleset: Ruleset,
    facts: SessionFacts,
    compiled: CompiledPolicy,
    sender: Address,
    recipients: Sequence[Address],
    now: float,
) -> bool:
    reached = replaying.replay(ruleset, admission.DecisionInput(facts, sender, None), lookup=NoDirectory(), now=now)
    return reached.is_accepted and any(
        not relay.objection(compiled, facts, sender, recipient, size_bytes=0, now=now) for recipient in recipients
    )
