"""Relay policies: who may send to the outside. Pure. Nothing is granted unless a policy says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transport.config.types import format_size
from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.model.verdict import Answer, Step
from transport.rules.compiled_policy import KIND, CompiledPolicy
from transport.rules.ruleset import Ruleset

Usage = Callable[[str, str], tuple[int, int]]
"""Messages of a client (``client_of``) under a policy, by its id, in the last hour and in the last day."""


@dataclass(frozen=True, slots=True)
class Grant:
    """``policy`` is the first that grants, or None; ``trail`` has a step for each policy that was asked. ``is_spent``:
    a policy would grant, had the client not sent as much as it may already."""

    policy: CompiledPolicy | None
    trail: tuple[Step, ...]
    is_spent: bool = False


def client_of(facts: SessionFacts) -> str:
    """Whose messages a policy counts together: the user's, else those of the certificate, else the address's."""
    return facts.identity.lower() or facts.client_certificate or facts.peer


def grant(
    ruleset: Ruleset,
    facts: SessionFacts,
    sender: Address,
    recipient: Address,
    *,
    size_bytes: int,
    now: float,
    usage: Usage | None = None,
) -> Grant:
    """Find the relay policy that lets this client send to ``recipient``. ``size_bytes`` 0 means unknown; without
    ``usage`` rates are not looked at."""
    steps: list[Step] = []
    is_spent = False
    candidates = ruleset.policies_for(facts.peer)
    for compiled in candidates:
        policy = compiled.policy
        because = objection(compiled, facts, sender, recipient, size_bytes=size_bytes, now=now)
        if not because and usage is not None and compiled.has_rate:
            because = spent(compiled, facts, usage)
            is_spent = is_spent or bool(because)
        if not because:
            steps.append(compiled.grants)
            return Grant(compiled, tuple(steps))
        steps.append(Step(KIND, policy.id, policy.name, Answer.NO, because))
    others = len(ruleset.policies) - len(candidates)
    if others or not candidates:
        steps.append(Step(KIND, "", "relay policies", Answer.NO, _nobody(others, facts.peer)))
    return Grant(None, tuple(steps), is_spent)


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
    """Why this policy does not grant; empty when it does."""
    policy = compiled.policy
    because = compiled.not_now(now) or compiled.stranger(facts)
    if because:
        return because
    if policy.is_tls_required and facts.tls is None:
        return "Requires TLS, and the session has none."
    if compiled.senders is not None and not compiled.senders.match(sender):
        return f"The sender is not among {compiled.senders}."
    if compiled.recipients is not None and not compiled.recipients.match(recipient):
        return f"The recipient is not among {compiled.recipients}."
    if policy.max_message_size and size_bytes > policy.max_message_size:
        return f"The message is larger than {format_size(policy.max_message_size)}."
    return ""


def spent(compiled: CompiledPolicy, facts: SessionFacts, usage: Usage) -> str:
    """Why the client's share of the policy is used up; empty when it is not."""
    policy, client = compiled.policy, client_of(facts)
    in_hour, in_day = usage(policy.id, client)
    if policy.max_messages_per_hour is not None and in_hour >= policy.max_messages_per_hour:
        return f"{client} sent {in_hour} messages within an hour; the limit is {policy.max_messages_per_hour}."
    if policy.max_messages_per_day is not None and in_day >= policy.max_messages_per_day:
        return f"{client} sent {in_day} messages within a day; the limit is {policy.max_messages_per_day}."
    return ""


def send_as(ruleset: Ruleset, facts: SessionFacts, sender: Address, *, now: float) -> CompiledPolicy | None:
    """The policy that lets this user send as ``sender`` although the address is not the user's."""
    for compiled in ruleset.policies_with_send_as:
        if compiled.send_as is not None and compiled.send_as.match(sender) and not compiled.stranger(facts):
            if compiled.not_now(now) or (compiled.policy.is_tls_required and facts.tls is None):
                continue
            if facts.identity and (compiled.any_identity or facts.identity.lower() in compiled.identities):
                return compiled
    return None
