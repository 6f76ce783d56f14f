"""Relay policies: who may send to the outside. Pure. Nothing is granted unless a policy says so."""

from __future__ import annotations

from dataclasses import dataclass

from transport.config.types import format_size
from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.model.verdict import Answer, Step
from transport.rules.ruleset import CompiledPolicy, Ruleset

KIND = "relay_policies"


@dataclass(frozen=True, slots=True)
class Grant:
    """``policy`` is the first that grants, or None; ``trail`` has a step for each policy that was asked."""

    policy: CompiledPolicy | None
    trail: tuple[Step, ...]


def grant(
    ruleset: Ruleset, facts: SessionFacts, sender: Address, recipient: Address, *, size_bytes: int, now: float
) -> Grant:
    """Find the relay policy that lets this client send to ``recipient``. ``size_bytes`` 0 means unknown."""
    steps: list[Step] = []
    candidates = ruleset.policies_for(facts.peer)
    for compiled in candidates:
        because = objection(compiled, facts, sender, recipient, size_bytes=size_bytes, now=now)
        policy = compiled.policy
        if not because:
            steps.append(Step(KIND, policy.id, policy.name, Answer.YES, f"Grants the relay; owner {policy.owner}."))
            return Grant(compiled, tuple(steps))
        steps.append(Step(KIND, policy.id, policy.name, Answer.NO, because))
    others = len(ruleset.policies) - len(candidates)
    if others or not candidates:
        steps.append(Step(KIND, "", "relay policies", Answer.NO, _nobody(others, facts.peer)))
    return Grant(None, tuple(steps))


def _nobody(others: int, peer: str) -> str:
    if not others:
        return f"No relay policy names {peer}."
    return f"{others} relay {'policy does' if others == 1 else 'policies do'} not name {peer}."


def objection(
    compiled: CompiledPolicy,
    facts: SessionFacts,
    sender: Address,
    recipient: Address,
    *,
    size_bytes: int,
    now: float,
) -> str:
    """Why this policy, whose networks fit, does not grant; empty when it does."""
    policy = compiled.policy
    if now >= compiled.expires:
        return f"Expired {policy.expires_at:%Y-%m-%d %H:%M} UTC."
    if compiled.identities and not _is_named(compiled, facts.identity):
        who = f"'{facts.identity}' is not among its users" if facts.identity else "the client has not signed in"
        return f"Needs a user: {who}."
    if policy.is_tls_required and facts.tls is None:
        return "Requires TLS, and the session has none."
    if compiled.senders is not None and not compiled.senders.match(sender):
        return f"The sender is not among {compiled.senders}."
    if compiled.recipients is not None and not compiled.recipients.match(recipient):
        return f"The recipient is not among {compiled.recipients}."
    if policy.max_message_size and size_bytes > policy.max_message_size:
        return f"The message is larger than {format_size(policy.max_message_size)}."
    return ""


def _is_named(compiled: CompiledPolicy, identity: str) -> bool:
    return bool(identity) and (compiled.any_identity or identity.lower() in compiled.identities)
