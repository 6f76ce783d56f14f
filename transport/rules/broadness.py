"""What is broad about an object of a change: it reaches everybody, or takes much mail, and needs more eyes. Pure.

One function for each section. What a normal installation has (a connector for the Internet, a domain whose unknown
recipients are passed on) is broad where the change makes it so, and not at each edit that leaves it as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from transport.config.diff import Json, ObjectChange
from transport.config.document import LIST_KINDS, MailFlow
from transport.config.objects import MailFlowRule
from transport.config.types import parse_duration
from transport.config.validate_approval import PROTECTED
from transport.config.validate_policies import is_everywhere
from transport.ports.recipients import RecipientLookup
from transport.rules.broad_conditions import Measure
from transport.rules.broad_connectors import receive_connector, send_connector
from transport.rules.broad_domains import MANY_ADDRESSES, Own, broad_networks, is_registry
from transport.rules.broad_groups import Grown
from transport.rules.broad_relay import relay_policy
from transport.rules.broad_rules import takes_much
from transport.rules.broad_together import broad_together
from transport.rules.group_sizes import sizes_after, sizes_known

SHORT_EXPIRATION = 3600
MANY_GUESSES = 1000
ANY_CODE = "127.0.0.0"
"""As a bit mask: each code that a list may answer has these bits."""


def broad_reasons(changes: Iterable[ObjectChange], document: MailFlow, lookup: RecipientLookup) -> list[str]:
    """Of each of the changes to ``document`` why what it leads to is broad, by itself or with the others; empty where
    it is not. ``lookup`` is the directory."""
    changes = tuple(changes)
    measure = Measure(own_domains(document, changes), sizes_after(document, changes, lookup))
    before = Measure(measure.own, sizes_known(document, lookup))
    together, groups = broad_together(changes, measure), Grown(document, changes, measure, before)
    return [
        broadness(one, measure) or together.get(place, "") or groups.why_broad(one) for place, one in enumerate(changes)
    ]


def broadness(change: ObjectChange, measure: Measure) -> str:
    """Why what the change leads to is broad, as the rest of a sentence; empty where it is not."""
    if change.kind in PROTECTED:
        return "says who has to agree to changes"
    if change.after is None:
        return ""
    if change.kind in LIST_KINDS:
        return broad_networks((change.object_id,), "covers")
    if change.kind == "mail_flow_rules":
        return takes_much(MailFlowRule.model_validate(change.after), measure)
    find = _BY_KIND.get(change.kind)
    return find(change.after, change.before or {}, measure.own) if find is not None else ""


def own_domains(document: MailFlow, changes: Iterable[ObjectChange]) -> Own:
    """Those that are accepted, and those that the change makes so."""
    made = (one.after["domain"] for one in changes if one.kind == "accepted_domains" and one.after is not None)
    return frozenset(name.lower() for name in (*(one.domain for one in document.accepted_domains), *made))


def _accepted_domain(after: Json, before: Json, own: Own) -> str:
    domain, kind = after["domain"], after["domain_type"]
    if after["match_subdomains"] and is_registry(domain):
        return f"takes mail for everything below {domain}"
    if kind == "ExternalRelay":
        return f"relays for somebody else's domain: mail to anyone at {domain} is taken and passed on"
    same = ("domain", "domain_type", "match_subdomains")
    if kind == "InternalRelay" and [after[name] for name in same] != [before.get(name) for name in same]:
        return f"passes on mail to anyone at {domain}, whether known or not"
    catch_all = after["catch_all_address"]
    if catch_all and catch_all != before.get("catch_all_address"):
        return f"sends what comes for unknown recipients of {domain} to {catch_all}"
    return ""


def _remote_domain(after: Json, before: Json, own: Own) -> str:
    domain = after["domain"]
    if domain == "*":
        return "holds for every domain that is not ours"
    return f"holds for every domain that ends in {domain[1:]}" if is_everywhere(domain) else ""


def _rewriting(after: Json, before: Json, own: Own) -> str:
    inner = after["internal_address"]
    return f"rewrites every address of {inner}" if after["is_enabled"] and "@" not in inner else ""


def _block_list_provider(after: Json, before: Json, own: Own) -> str:
    if (
        not after["is_enabled"]
        or after["is_only_told"]
        or not (after["is_any_match"] or after["bitmask_match"] == ANY_CODE)
    ):
        return ""
    return f"refuses whoever {after['lookup_domain']} answers about, whatever the answer"


def _allow_list_provider(after: Json, before: Json, own: Own) -> str:
    listed = f"lets whoever {after['lookup_domain']} lists past every block-list provider"
    return listed if after["is_enabled"] else ""


def _organization(after: Json, before: Json, own: Own) -> str:
    if after["is_pickup_enabled"] and not before.get("is_pickup_enabled", True):
        return "lets whoever may write to a node's Pickup directory send to anybody"
    expiration = after["message_expiration_timeout"]
    if expiration != before.get("message_expiration_timeout") and parse_duration(expiration) < SHORT_EXPIRATION:
        return f"returns all mail that could not be delivered within {expiration}"
    inner = [
        one for one in after.get("internal_smtp_servers", ()) if one not in before.get("internal_smtp_servers", ())
    ]
    return broad_networks(inner, "takes for relays of our own") or _guessing(after, before)


def _guessing(after: Json, before: Json) -> str:
    for name, whose in _LIMITS.items():
        if MANY_GUESSES < _guesses(after, name) > _guesses(before, name):
            if after[name] is None:
                return "lets passwords be guessed without a limit"
            return f"lets {after[name]:,} passwords {whose} be guessed within {after['failed_logon_window']}"
    return ""


_LIMITS = {"max_failed_logons_per_account": "of one account", "max_failed_logons_per_network": "from one network"}


def _guesses(said: Json, name: str) -> float:
    """How many within the usual window."""
    if name not in said:
        return 0
    return math.inf if said[name] is None else 900 * said[name] / parse_duration(said["failed_logon_window"])


def _recipient(after: Json, before: Json, own: Own) -> str:
    """One object may hold the addresses of everybody, and lead them on."""
    same = ("address", "aliases", "forwarding_address", "members")
    count = 1 + len(after["aliases"])
    if count >= MANY_ADDRESSES and any(after.get(name) != before.get(name) for name in same):
        return f"takes the mail for {count} addresses"
    return ""


def _service_account(after: Json, before: Json, own: Own) -> str:
    count = len(after["addresses"]) if after["is_enabled"] else 0
    is_same = [after[name] == before.get(name) for name in ("addresses", "is_enabled", "username")]
    return f"may send as {count} addresses" if count >= MANY_ADDRESSES and not all(is_same) else ""


_BY_KIND: dict[str, Callable[[Json, Json, Own], str]] = {
    "organization": _organization,
    "receive_connectors": receive_connector,
    "send_connectors": send_connector,
    "accepted_domains": _accepted_domain,
    "remote_domains": _remote_domain,
    "address_rewriting": _rewriting,
    "recipients": _recipient,
    "distribution_groups": _recipient,
    "service_accounts": _service_account,
    "relay_policies": relay_policy,
    "ip_block_list_providers": _block_list_provider,
    "ip_allow_list_providers": _allow_list_provider,
}
