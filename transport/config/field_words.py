"""What a change of one field means, as the rest of a sentence whose subject is the object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from transport.config.diff import FieldChange, Json


@dataclass(frozen=True, slots=True)
class Say:
    """A piece of a sentence; the name of a thing is emphasised."""

    text: str
    is_emphasised: bool = False


Parts = tuple[Say, ...]


def em(text: str) -> Say:
    return Say(text, is_emphasised=True)


def join(items: Iterable[Any]) -> str:
    """``a, b and c``."""
    texts = [str(item) for item in items]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def show(field: str, value: Any) -> str:
    """A value as people read it: sizes and durations are text already, nothing is *nothing*, times are in UTC."""
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if field.endswith("_at"):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list):
        return join(_item(item) for item in value)
    return str(value)


def _item(item: Any) -> str:
    return f"{item['domain']} at cost {item['cost']}" if isinstance(item, dict) else str(item)


def label(field: str) -> str:
    """The field's name in words: ``is_tls_required`` is *TLS required*."""
    words = field.removeprefix("is_").split("_")
    return " ".join(_UPPER.get(word, word) for word in words)


_UPPER = {word: word.upper() for word in ("tls", "dsn", "ip", "fqdn", "smtputf8", "mime")}


def field_words(kind: str, change: FieldChange) -> Iterator[Parts]:
    """The changed field as one clause or more: what is added and what goes are told apart."""
    teller = _TELLERS.get((kind, change.field)) or _TELLERS.get(("", change.field))
    if teller is not None:
        yield from teller(change)
    elif isinstance(change.before, list) and isinstance(change.after, list):
        yield from _list_setting(change)
    else:
        yield (Say(f"changes its {label(change.field)} from {_shown(change, change.before)} to "
                   f"{_shown(change, change.after)}"),)  # fmt: skip


def _shown(change: FieldChange, value: Any) -> str:
    if value is None and not change.field.endswith("_at"):
        return "unlimited" if _is_limit(change.field) else "nothing"
    text = show(change.field, value)
    return f"“{text}”" if change.field in _FREE_TEXT and value else text


_FREE_TEXT = {"comment", "purpose", "owner", "ticket", "banner"}


def _is_limit(field: str) -> bool:
    return field.startswith(("max_", "queue_length_")) or field.endswith("_per_min")


def _list_setting(change: FieldChange) -> Iterator[Parts]:
    gone = [item for item in change.before if item not in change.after]
    new = [item for item in change.after if item not in change.before]
    if new:
        yield (Say(f"adds {show('', new)} to its {label(change.field)}"),)
    if gone:
        yield (Say(f"takes {show('', gone)} from its {label(change.field)}"),)
    if not new and not gone:
        yield (Say(f"changes the order of its {label(change.field)} to {show('', change.after)}"),)


def _on_off(on: str, off: str) -> Callable[[FieldChange], Iterator[Parts]]:
    def tell(change: FieldChange) -> Iterator[Parts]:
        yield (Say(on if change.after else off),)

    return tell


def _members(*, added: str, removed: str, emptied: str, begun: str) -> Callable[[FieldChange], Iterator[Parts]]:
    """A list in which empty means everybody (``emptied``, ``begun``), or else nobody."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before, after = change.before, change.after
        if not after and emptied:
            yield (Say(f"{emptied}, instead of {join(before)} only"),)
        elif not before and begun:
            yield (Say(begun.format(join(after))),)
        else:
            new, gone = [one for one in after if one not in before], [one for one in before if one not in after]
            yield from [(Say(added.format(join(new))),)] if new else []
            yield from [(Say(removed.format(join(gone))),)] if gone else []

    return tell


def _renamed(change: FieldChange) -> Iterator[Parts]:
    yield (Say("is now called "), em(str(change.after)))


def _expiry(change: FieldChange) -> Iterator[Parts]:
    if change.after is None:
        yield (Say(f"no longer expires (it would have on {show('expires_at', change.before)})"),)
    else:
        before = f" instead of {show('expires_at', change.before)}" if change.before else ""
        yield (Say(f"now expires on {show('expires_at', change.after)}{before}"),)


def _next_hops(change: FieldChange) -> Iterator[Parts]:
    after = f"through {show('', change.after)}" if change.after else "by DNS (MX records)"
    before = f"through {show('', change.before)}" if change.before else "by DNS (MX records)"
    yield (Say(f"now sends {after} instead of {before}"),)


def _own_ladder(change: FieldChange) -> Iterator[Parts]:
    after = f"after {change.after}" if change.after else "as the organisation says"
    before = f"after {change.before}" if change.before else "as the organisation says"
    yield (Say(f"now tries again {after} instead of {before}"),)


def _other_password(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now takes the password stored as {change.after}, instead of that stored as {change.before}"),)


def _certificate_name(change: FieldChange) -> Iterator[Parts]:
    after, before = change.after or "the host's own name", change.before or "the host's own name"
    yield (Say(f"now wants a certificate for {after} instead of {before}"),)


def _led(verb: str, otherwise: str) -> Callable[[FieldChange], Iterator[Parts]]:
    """Where mail is led by an address that may be absent."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before = f" instead of {change.before}" if change.before else ""
        yield (Say(f"{verb} {change.after}{before}" if change.after else f"{otherwise}, no longer to {change.before}"),)

    return tell


def _match(change: FieldChange) -> Iterator[Parts]:
    """The networks, users and certificates of a relay policy."""
    if change.after == "any":
        yield (Say("is now content with one of its networks, users and certificates"),)
    else:
        yield (Say("now asks for each of networks, users and certificates that it names"),)


def _rate(of: str) -> Callable[[FieldChange], Iterator[Parts]]:
    def tell(change: FieldChange) -> Iterator[Parts]:
        after = f"only {change.after:,}" if change.after is not None else "any number of"
        before = f"{change.before:,}" if change.before is not None else "any number"
        yield (Say(f"now lets a client send {after} messages {of} instead of {before}"),)

    return tell


_ACCEPT_FROM = _members(
    added="now takes mail from {}",
    removed="no longer takes mail from {}",
    emptied="now takes mail from anyone",
    begun="now takes mail only from {}",
)
_REJECT_FROM = _members(
    added="now rejects mail from {}", removed="no longer rejects mail from {}", emptied="", begun=""
)
_AUTHENTICATION = _on_off(
    "now takes mail only from senders who signed in", "now takes mail from senders who did not sign in"
)

_TELLERS: dict[tuple[str, str], Callable[[FieldChange], Iterator[Parts]]] = {
    ("", "name"): _renamed,
    ("", "is_enabled"): _on_off("is now enabled", "is now disabled"),
    ("", "expires_at"): _expiry,
    ("relay_policies", "networks"): _members(
        added="now admits {}",
        removed="no longer admits {}",
        emptied="now asks for no network",
        begun="now names {}",
    ),
    ("relay_policies", "client_certificates"): _members(
        added="now admits the certificate {}",
        removed="no longer admits the certificate {}",
        emptied="now asks for no certificate",
        begun="now names the certificate {}",
    ),
    ("relay_policies", "identity_match"): _match,
    ("relay_policies", "send_as_addresses"): _members(
        added="now lets its users send as {}",
        removed="no longer lets its users send as {}",
        emptied="now lets its users send as what is theirs alone",
        begun="now lets its users send as {}",
    ),
    ("relay_policies", "max_messages_per_hour"): _rate("an hour"),
    ("relay_policies", "max_messages_per_day"): _rate("a day"),
    ("relay_policies", "time_windows"): _members(
        added="now grants {} too",
        removed="no longer grants {}",
        emptied="now grants at any time",
        begun="now grants only {}",
    ),
    ("relay_policies", "identities"): _members(
        added="now admits the user {}",
        removed="no longer admits the user {}",
        emptied="now asks nobody to sign in",
        begun="now names the user {}",
    ),
    ("relay_policies", "sender_addresses"): _members(
        added="may now send as {}",
        removed="may no longer send as {}",
        emptied="may now send as anyone",
        begun="may now send only as {}",
    ),
    ("relay_policies", "recipient_addresses"): _members(
        added="may now send to {}",
        removed="may no longer send to {}",
        emptied="may now send to anyone",
        begun="may now send only to {}",
    ),
    ("relay_policies", "is_tls_required"): _on_off("now works only over TLS", "now works without TLS too"),
    ("relay_policies", "is_broad_override"): _on_off(
        "now says that its broad network is meant", "no longer says that its broad network is meant"
    ),
    ("service_accounts", "addresses"): _members(
        added="now owns {}",
        removed="no longer owns {}",
        emptied="now owns no address",
        begun="now owns {}",
    ),
    ("service_accounts", "password_secret"): _other_password,
    ("organization", "is_back_pressure_enabled"): _on_off(
        "takes less mail again when queue, disk or memory run short",
        "takes mail even when queue, disk or memory run short",
    ),
    ("organization", "is_shadow_redundancy_enabled"): _on_off(
        "now has another node keep a copy of each message before it is accepted",
        "no longer has another node keep a copy of each message",
    ),
    ("organization", "is_message_rejected_on_shadow_failure"): _on_off(
        "now refuses mail of which no other node can keep a copy",
        "now accepts mail of which no other node can keep a copy",
    ),
    ("organization", "is_pickup_enabled"): _on_off(
        "sends the files in the nodes' Pickup directories again", "leaves the files in the nodes' Pickup directories"
    ),
    ("send_connectors", "smart_hosts"): _next_hops,
    ("receive_connectors", "proxy_networks"): _members(
        added="now believes the proxies {} when they name the client",
        removed="no longer believes the proxies {}",
        emptied="",
        begun="",
    ),
    ("organization", "is_priority_queuing_enabled"): _on_off(
        "now delivers within a queue by the priority of messages", "delivers in order of arrival again"
    ),
    ("organization", "is_plus_addressing_enabled"): _on_off(
        "now takes name+anything for name", "no longer takes name+anything for name"
    ),
    ("accepted_domains", "catch_all_address"): _led(
        "now sends mail for unknown recipients to", "now refuses unknown recipients"
    ),
    ("recipients", "forwarding_address"): _led("now forwards to", "now keeps its mail"),
    ("recipients", "deliver_to_mailbox_and_forward"): _on_off(
        "now keeps its mail as well", "no longer keeps what it forwards"
    ),
    ("distribution_groups", "members"): _members(
        added="gains {}", removed="loses {}", emptied="now has no member", begun="now leads to {}"
    ),
    ("distribution_groups", "owner_address"): _led(
        "now sends reports about its members to", "now leaves reports to the sender"
    ),
    **{
        (kind, field): tell
        for kind in ("recipients", "distribution_groups")
        for field, tell in (
            ("is_sender_authentication_required", _AUTHENTICATION),
            ("accept_messages_only_from", _ACCEPT_FROM),
            ("reject_messages_from", _REJECT_FROM),
        )
    },
    ("address_rewriting", "is_outbound_only"): _on_off(
        "now leaves mail that comes in alone", "now rewrites mail that comes in too"
    ),
    ("send_connectors", "retry_ladder"): _own_ladder,
    ("send_connectors", "tls_domain"): _certificate_name,
    ("send_connectors", "is_helo_forced"): _on_off("now says HELO, so without TLS", "now says EHLO again"),
    ("send_connectors", "is_client_certificate_shown"): _on_off(
        "now shows the node's certificate", "no longer shows the node's certificate"
    ),
    ("send_connectors", "is_private_address_allowed"): _on_off(
        "may now deliver to private addresses that DNS names", "no longer delivers to private addresses that DNS names"
    ),
    ("send_connectors", "is_dns_failure_downgraded"): _on_off(
        "now tries domains that DNS does not know until the message expires",
        "now gives up at once where DNS does not know the domain",
    ),
    ("send_connectors", "downgraded_replies"): _members(
        added="now tries again after {}",
        removed="no longer tries again after {}",
        emptied="",
        begun="",
    ),
    ("send_connectors", "upgraded_replies"): _members(
        added="now gives up after {}",
        removed="no longer gives up after {}",
        emptied="",
        begun="",
    ),
    ("accepted_domains", "is_default"): _on_off("is now the default domain", "is no longer the default domain"),
    ("accepted_domains", "match_subdomains"): _on_off(
        "now covers its subdomains too", "no longer covers its subdomains"
    ),
}


def create_words(kind: str, value: Json) -> Parts:
    """What a new object does, in one clause."""
    return (Say(f": {'; '.join(_CREATED[kind](value))}"),) if kind in _CREATED else ()


def _user(name: str) -> str:
    return "any user who signed in" if name == "*" else f"the user {name}"


def _who(value: Json) -> str:
    """Networks, users and certificates of a relay policy, and whether one of them is enough."""
    kinds = [
        join(value["networks"]),
        join(_user(name) for name in value["identities"]),
        join(f"the certificate {name}" for name in value["client_certificates"]),
    ]
    asked = [kind for kind in kinds if kind]
    return (" or " if value["identity_match"] == "any" else " together with ").join(asked)


def _new_policy(value: Json) -> list[str]:
    said = [
        f"{'' if value['is_enabled'] else 'disabled; '}admits {_who(value)}",
        f"as {join(value['sender_addresses']) or 'any sender'}",
        f"to {join(value['recipient_addresses']) or 'any recipient'}",
    ]
    said += ["only over TLS"] if value["is_tls_required"] else []
    said += [f"its users may send as {join(value['send_as_addresses'])}"] if value["send_as_addresses"] else []
    said += [f"messages up to {value['max_message_size']}"] if value["max_message_size"] else []
    for field, of in (("max_messages_per_hour", "an hour"), ("max_messages_per_day", "a day")):
        said += [f"at most {value[field]:,} messages {of} for each client"] if value[field] is not None else []
    said += [f"only {join(value['time_windows'])} ({value['timezone']})"] if value["time_windows"] else []
    until = show("expires_at", value["expires_at"]) if value["expires_at"] else ""
    said += [f"until {until}" if until else "without an end", f"owner {value['owner']}"]
    return [*said, "says that its broad network is meant"] if value["is_broad_override"] else said


def _new_account(value: Json) -> list[str]:
    said = [
        f"signs in as {value['username']}",
        f"sends as {join(value['addresses'])}" if value["addresses"] else "owns no address",
        f"until {show('expires_at', value['expires_at'])}" if value["expires_at"] else "without an end",
        f"owner {value['owner']}",
    ]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_domain(value: Json) -> list[str]:
    domain = value["domain"] + (" and its subdomains" if value["match_subdomains"] else "")
    said = [f"accepts mail for {domain} from everyone, as {value['domain_type']}"]
    if value["catch_all_address"]:
        said += [f"mail for unknown recipients goes to {value['catch_all_address']}"]
    return said + (["it is the default domain"] if value["is_default"] else [])


def _restrictions(value: Json) -> list[str]:
    said = ["only for senders who signed in"] if value["is_sender_authentication_required"] else []
    said += [f"only from {join(value['accept_messages_only_from'])}"] if value["accept_messages_only_from"] else []
    said += [f"not from {join(value['reject_messages_from'])}"] if value["reject_messages_from"] else []
    return said


def _new_recipient(value: Json) -> list[str]:
    known = f"{join([value['address'], *value['aliases']])}"
    if not value["forwarding_address"]:
        said = f"takes mail for {known}"
    elif value["deliver_to_mailbox_and_forward"]:
        said = f"takes mail for {known}, and forwards it to {value['forwarding_address']} too"
    else:
        said = f"forwards mail for {known} to {value['forwarding_address']}"
    return [said, *_restrictions(value)]


def _new_group(value: Json) -> list[str]:
    known = join([value["address"], *value["aliases"]])
    said = [f"sends mail for {known} to {join(value['members']) or 'nobody yet'}"]
    said += [f"reports go to {value['owner_address']}"] if value["owner_address"] else []
    return [*said, *_restrictions(value)]


def _new_rewrite(value: Json) -> list[str]:
    said = [f"shows {value['internal_address']} as {value['external_address']} in mail that leaves"]
    said += [f"but not {join(value['exceptions'])}"] if value["exceptions"] else []
    if not value["is_outbound_only"]:
        said += [f"brings mail for {value['external_address']} to {value['internal_address']}"]
    return said if value["is_enabled"] else ["disabled", *said]


def _new_send_connector(value: Json) -> list[str]:
    way = f"through {show('', value['smart_hosts'])}" if value["smart_hosts"] else "by DNS (MX records)"
    said = [f"sends mail for {show('', value['address_spaces'])} {way}", f"TLS {value['tls_level']}"]
    said += [f"signs in as {value['username']}"] if value["username"] else []
    return said if value["is_enabled"] else ["disabled", *said]


def _new_receive_connector(value: Json) -> list[str]:
    said = [
        f"listens on {join(value['bindings'])}",
        f"serves {join(value['remote_ip_ranges'])}",
        f"for {join(value['permission_groups']) or 'nobody'}",
        f"TLS {value['tls_mode']}",
    ]
    return said if value["is_enabled"] else ["disabled", *said]


_CREATED: dict[str, Callable[[Json], list[str]]] = {
    "relay_policies": _new_policy,
    "service_accounts": _new_account,
    "accepted_domains": _new_domain,
    "recipients": _new_recipient,
    "distribution_groups": _new_group,
    "address_rewriting": _new_rewrite,
    "send_connectors": _new_send_connector,
    "receive_connectors": _new_receive_connector,
}
