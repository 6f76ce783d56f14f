"""What is broad about an object of a change: it reaches everybody, or takes much mail, and needs more eyes. Pure.

One function for each section. What a normal installation has (a connector for the Internet, a domain whose unknown
recipients are passed on) is broad where the change makes it so, and not at each edit that leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from transport.config.diff import Json, ObjectChange
from transport.config.document import LIST_KINDS, MailFlow
from transport.config.objects import MailFlowRule, RelayPolicy
from transport.config.ranges import parse_range
from transport.config.types import parse_duration
from transport.config.validate_approval import PROTECTED
from transport.config.validate_policies import BROAD_TOGETHER, broad_of, is_broad, is_everywhere
from transport.rules.broad_domains import Own, is_registry
from transport.rules.broad_rules import takes_much

SHORT_EXPIRATION = 3600


def broadness(change: ObjectChange, own: Own = frozenset()) -> str:
    """Why what the change leads to is broad, as the rest of a sentence; empty where it is not."""
    if change.kind in PROTECTED:
        return "says who has to agree to changes"
    if change.after is None:
        return ""
    if change.kind in LIST_KINDS:
        return _broad((change.object_id,), "covers")
    find = _BY_KIND.get(change.kind)
    return find(change.after, change.before or {}, own) if find is not None else ""


def own_domains(document: MailFlow, changes: Iterable[ObjectChange]) -> Own:
    """Those that are accepted, and those that the change makes so."""
    made = (one.after["domain"] for one in changes if one.kind == "accepted_domains" and one.after is not None)
    return frozenset(name.lower() for name in (*(one.domain for one in document.accepted_domains), *made))


def broad_together(changes: Iterable[ObjectChange]) -> dict[str, str]:
    """The lists of which a change enters so many networks that together they say *everybody*."""
    sizes: dict[tuple[str, int], int] = {}
    for change in changes:
        if change.kind in LIST_KINDS and change.after is not None:
            one = parse_range(change.object_id)
            sizes[change.kind, one.version] = sizes.get((change.kind, one.version), 0) + one.size
    return {kind: "is one of many networks that are broad together"
            for (kind, version), size in sizes.items() if size >= BROAD_TOGETHER[version]}  # fmt: skip


def _broad(networks: Iterable[str], does: str) -> str:
    found = broad_of(networks)
    alone = tuple(filter(is_broad, found))
    if found and not alone:
        return f"{does} {len(found)} networks that are broad together"
    return f"{does} the broad network{'s' if len(alone) > 1 else ''} {', '.join(alone[:3])}" if alone else ""


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


def _send_connector(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"]:
        return ""
    spaces = [one["domain"] for one in after["address_spaces"] if is_everywhere(one["domain"])]
    if spaces:
        what = "" if "*" in spaces else f" that ends in {spaces[0][1:]} and"
        return f"carries mail to every domain{what} that no other carries"
    if any(one["server"] == "*" for one in after["home_servers"]):
        return "carries the mail of all mailboxes that have a home server"
    return ""


def _receive_connector(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"]:
        return ""
    believed = _broad(after["proxy_networks"], "believes, about who the client is, all of")
    if believed:
        return believed
    if after["sender_ownership"] == "none" and "ExchangeUsers" in after["permission_groups"]:
        return "lets users who signed in send as anybody"
    if _takes_clear_passwords(after) and not _takes_clear_passwords(before):
        return "takes passwords in clear"
    same = ("is_enabled", "bindings", "remote_ip_ranges", "permission_groups")
    if "AnonymousUsers" in after["permission_groups"] and any(after[name] != before.get(name) for name in same):
        return _broad(after["remote_ip_ranges"], "serves, without signing in,")
    return ""


def _takes_clear_passwords(said: Json) -> bool:
    return (
        said.get("auth_mechanism") == "BasicAuth"
        and "ExchangeUsers" in said["permission_groups"]
        and said["tls_mode"] not in ("required", "implicit")
    )


def _relay_policy(after: Json, before: Json, own: Own) -> str:
    if after["is_broad_override"]:
        return "says that its broad network is meant"
    policy = RelayPolicy.model_validate(after)
    broad = _broad(policy.networks, "admits")
    if broad:
        return broad
    anyone = next((one for one in policy.send_as_addresses if is_everywhere(one) or one.lower() in own), "")
    if anyone:
        return f"lets its users send as {'anybody' if anyone == '*' else f'anybody of {anyone}'}"
    is_narrowed = policy.identity_match == "all" and (policy.networks or policy.client_certificates)
    to_anyone = not policy.recipient_addresses or any(map(is_everywhere, policy.recipient_addresses))
    if "*" in policy.identities and to_anyone and not is_narrowed:
        return "lets everybody who signs in relay anywhere"
    return ""


def _mail_flow_rule(after: Json, before: Json, own: Own) -> str:
    return takes_much(MailFlowRule.model_validate(after), own)


def _rewriting(after: Json, before: Json, own: Own) -> str:
    inner = after["internal_address"]
    return f"rewrites every address of {inner}" if after["is_enabled"] and "@" not in inner else ""


def _block_list_provider(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"] or after["is_only_told"] or not after["is_any_match"]:
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
    limits = ("max_failed_logons_per_account", "max_failed_logons_per_network")
    if any(after[name] is None and before.get(name) is not None for name in limits):
        return "lets passwords be guessed without a limit"
    return ""


_BY_KIND: dict[str, Callable[[Json, Json, Own], str]] = {
    "organization": _organization,
    "receive_connectors": _receive_connector,
    "send_connectors": _send_connector,
    "accepted_domains": _accepted_domain,
    "remote_domains": _remote_domain,
    "address_rewriting": _rewriting,
    "relay_policies": _relay_policy,
    "mail_flow_rules": _mail_flow_rule,
    "ip_block_list_providers": _block_list_provider,
    "ip_allow_list_providers": _allow_list_provider,
}
"""Recipients, groups and service accounts are single addresses: none of them is broad."""
