"""Chooses the next hops of a message's recipients by ``rules.routing``, and says what RECEIVE tells of the choice."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from transport.model.envelope import Message, Recipient
from transport.model.next_hop import SUBMISSION, UNREACHABLE, NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.rules import routing
from transport.rules.ruleset import Ruleset


def choose_hops(
    ruleset: Ruleset,
    message: Message,
    resolved: list[Recipient],
    failed: list[tuple[Recipient, Outcome]],
    homes: Mapping[int, str],
) -> list[dict[str, Any]]:
    """Choose next hops; what no connector takes joins ``failed``."""
    routes: dict[tuple[str, str], routing.Route] = {}
    told: dict[tuple[NextHop, str], dict[str, Any]] = {}
    refused = {id(recipient) for recipient, _ in failed} if failed else ()
    for recipient in resolved:
        if recipient.next_hop is SUBMISSION or id(recipient) in refused:
            continue
        domain = recipient.address.domain
        home = homes.get(id(recipient), "") if homes else ""
        chosen = routes.get((domain, home))
        if chosen is None:
            chosen = routes[domain, home] = _chosen(ruleset, message, domain, home)
        hop = routing.waiving_tls(ruleset, chosen.next_hop) if message.is_tls_waived else chosen.next_hop
        if message.ruled is not None and message.ruled.is_tls_required:
            hop = routing.requiring_tls(hop)
        recipient.next_hop = hop
        if chosen.is_too_large:
            reason = f"Every send connector that covers {domain} has a smaller message size limit."
            failed.append((recipient, _failure("5.3.4", "Message too big for the route", reason)))
        elif chosen.next_hop == UNREACHABLE:
            served = f"serves the home server {home} or " if home else ""
            recipient.last_reason = f"No send connector {served}covers {domain}."
            if message.ruled is not None and message.ruled.connector_id:
                recipient.last_reason = (
                    f"A mail flow rule sends it by {message.ruled.connector_id}, which can't be used."
                )
        _tell(told, hop, home, chosen, recipient)
    return list(told.values())


def _chosen(ruleset: Ruleset, message: Message, domain: str, home: str) -> routing.Route:
    by = message.ruled.connector_id if message.ruled is not None else ""
    return routing.choose(ruleset, domain, size_bytes=message.size_bytes, home_server=home, by_connector=by)


def _tell(
    told: dict[tuple[NextHop, str], dict[str, Any]],
    hop: NextHop,
    home: str,
    chosen: routing.Route,
    recipient: Recipient,
) -> None:
    row = told.get((hop, home))
    if row is None:
        row = told[hop, home] = {"next_hop": str(hop), "considered": chosen.rows, "recipients": []}
    row["recipients"].append(str(recipient.address))


def _failure(enhanced: str, text: str, reason: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, Reply(550, enhanced, text), reason)


def plain_routes(ruleset: Ruleset, message: Message, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Route a new message whose recipients (as ``texts`` in their order) are all outside, as most relayed mail is, and
    return what RECEIVE tells of it; None where there is more to it (``categorize``): then nothing was changed."""
    recipients = message.recipients
    is_each_once = len(texts) == 1 or len(set(map(str.lower, texts))) == len(texts)
    if message.is_tls_waived or not is_each_once or len(texts) != len(recipients):
        return None
    bucket = bisect_left(ruleset.connector_size_limits, message.size_bytes)
    known = ruleset.plain_routes
    routes: dict[str, routing.Route] = {}
    for recipient in recipients:
        domain = recipient.address.domain
        if domain not in routes:
            key = domain, bucket
            chosen = known.get(key) or _plain_route(ruleset, recipient, key, message.size_bytes)
            if chosen is None:
                return None
            routes[domain] = chosen
    told: dict[str, dict[str, Any]] = {}
    for recipient, text in zip(recipients, texts, strict=True):
        chosen = routes[recipient.address.domain]
        recipient.next_hop = chosen.next_hop
        row = told.get(chosen.hop_text)
        if row is None:
            row = told[chosen.hop_text] = {"next_hop": chosen.hop_text, "considered": chosen.rows, "recipients": []}
        row["recipients"].append(text)
    return list(told.values())


def _plain_route(ruleset: Ruleset, recipient: Recipient, key: tuple[str, int], size_bytes: int) -> routing.Route | None:
    """Remembered with the ruleset, by the domain."""
    if not leave_as_they_are(ruleset, [recipient]):
        return None
    chosen = routing.route(ruleset, recipient.address.domain, size_bytes=size_bytes)
    if chosen.is_too_large or chosen.next_hop == UNREACHABLE:
        return None
    if len(ruleset.plain_routes) >= routing.REMEMBERED:
        ruleset.plain_routes.clear()
    ruleset.plain_routes[key] = chosen
    return chosen


def leave_as_they_are(ruleset: Ruleset, recipients: Sequence[Recipient]) -> bool:
    """Whether all are outside, each is named once and nothing is rewritten: what most relayed mail is."""
    if ruleset.rewriting is not None:
        return False
    for recipient in recipients:
        domain = recipient.address.domain
        if not domain or ruleset.accepted_domain(domain) is not None:
            return False
    return len(recipients) == 1 or len({recipient.address.key for recipient in recipients}) == len(recipients)
