"""What is broad about connectors: whom they serve and believe, whose mail they carry. Pure."""

from __future__ import annotations

from transport.config.diff import Json
from transport.config.validate_policies import is_everywhere
from transport.rules.broad_domains import Own, broad_networks, named_whole

_WHERE = ("is_enabled", "address_spaces", "home_servers", "smart_hosts", "port", "source_transport_servers")
"""Says what a send connector takes, and where that goes."""
_WHOM = ("is_enabled", "bindings", "remote_ip_ranges", "permission_groups")


def send_connector(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"]:
        return ""
    spaces = [one["domain"] for one in after["address_spaces"]]
    everywhere = list(filter(is_everywhere, spaces))
    if everywhere:
        what = "" if "*" in everywhere else f" that ends in {everywhere[0][1:]} and"
        return f"carries mail to every domain{what} that no other carries"
    servers = [one["server"] for one in after["home_servers"]]
    if "*" in servers:
        return "carries the mail of all mailboxes that have a home server"
    return _leads_elsewhere(spaces, servers, own) if _differ(_WHERE, after, before) else ""


def _leads_elsewhere(spaces: list[str], servers: list[str], own: Own) -> str:
    ours = next(filter(None, (named_whole(space, own) for space in spaces)), "")
    if ours:
        return f"carries mail to anyone at {ours}, a domain of ours"
    return f"carries the mail of all mailboxes whose home server is {servers[0]}" if servers else ""


def receive_connector(after: Json, before: Json, own: Own) -> str:
    if not after["is_enabled"]:
        return ""
    believed = broad_networks(after["proxy_networks"], "believes, about who the client is, all of")
    if believed:
        return believed
    if "ExchangeUsers" in after["permission_groups"]:
        if after["sender_ownership"] == "none":
            return "lets users who signed in send as anybody"
        if after["sender_ownership"] == "envelope" and _differ(("sender_ownership", *_WHOM), after, before):
            return "lets users who signed in write anybody's address in the From field"
    if _takes_clear_passwords(after) and not _takes_clear_passwords(before):
        return "takes passwords in clear"
    if "AnonymousUsers" in after["permission_groups"] and _differ(_WHOM, after, before):
        return broad_networks(after["remote_ip_ranges"], "serves, without signing in,")
    return ""


def _differ(names: tuple[str, ...], after: Json, before: Json) -> bool:
    return any(after[name] != before.get(name) for name in names)


def _takes_clear_passwords(said: Json) -> bool:
    return (
        said.get("auth_mechanism") == "BasicAuth"
        and "ExchangeUsers" in said["permission_groups"]
        and said["tls_mode"] not in ("required", "implicit")
    )
