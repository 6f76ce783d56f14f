"""Who may relay through Exchange, as relay policies with least privilege: rights, groups and external trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailconsole.imports.exchange.receive import auth_of, full_name, groups_of, ranges_of, short_name, takes_clear
from mailconsole.imports.exchange.values import Lost, items, text, yes
from mailconsole.imports.report import Subject

ANY_RECIPIENT = "ms-exch-smtp-accept-any-recipient"
OWN_SENDER = "ms-exch-smtp-accept-authoritative-domain-sender"
_USUAL = {"ms-exch-smtp-submit", "ms-exch-smtp-accept-any-sender"}
"""Strangers have these beside it, where all of their rights were exported."""
_EVERYTHING = {"0.0.0.0/0", "::/0"}
_ANONYMOUS = ("anonymous logon", "s-1-5-7")
_EVERYONE = ("everyone", "s-1-1-0")


@dataclass(frozen=True, slots=True)
class Right:
    """One row of `Get-ADPermission` that lets somebody relay."""

    connector: str
    user: str
    is_denied: bool = False

    @property
    def is_anonymous(self) -> bool:
        return self.user.lower().rpartition("\\")[2] in _ANONYMOUS


def relay_rights(rows: Iterable[Mapping[str, Any]]) -> list[Right]:
    """Those that are granted, and those that are denied. Raises ValueError."""
    return [
        Right(text(row.get("Identity")), text(row.get("User")), yes(row.get("Deny", False)))
        for row in rows
        if ANY_RECIPIENT in _rights(row)
    ]


def _rights(row: Mapping[str, Any]) -> set[str]:
    try:
        return {right.lower() for right in items(row.get("ExtendedRights"))}
    except Lost:
        return set()


def takes_own_senders(given: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], about: Subject) -> bool:
    """Whether strangers may call themselves ours there; told where that right was taken away or denied."""
    granted: set[str] = set()
    denied: set[str] = set()
    for row in rows:
        right = Right(text(row.get("Identity")), text(row.get("User")))
        if right.is_anonymous and right.connector.lower() in _names(given):
            (denied if yes(row.get("Deny", False)) else granted).update(_rights(row))
    if OWN_SENDER not in denied and (OWN_SENDER in granted or not granted >= _USUAL):
        return True
    about.mapped("Accept-Authoritative-Domain-Sender", "ANONYMOUS LOGON", "Taken away: senders of ours are refused.")
    return False


def _names(given: Mapping[str, Any]) -> set[str]:
    return {full_name(given).lower(), text(given.get("DistinguishedName")).lower()} - {""}


@dataclass(frozen=True, slots=True)
class Grants:
    """What lets clients of a connector relay; ``why`` is for the policy's comment and the report."""

    is_anonymous: bool
    is_signed_in: bool
    why: str


def grants_of(given: Mapping[str, Any], rights: list[Right], *, has_rights: bool, about: Subject) -> Grants:
    """Asked of the permission groups, of external trust, and of the rights where they were exported too."""
    ours = [one for one in rights if one.connector.lower() in _names(given)]
    denied = [one for one in ours if one.is_denied]
    ours = [one for one in ours if not one.is_denied]
    # What is denied counts more than what is granted, as in the directory.
    is_denied = any(one.is_anonymous or one.user.lower() in _EVERYONE for one in denied)
    anonymous = any(one.is_anonymous for one in ours) and not is_denied
    external = "ExternalAuthoritative" in auth_of(given)
    for one in ours:
        if one.is_anonymous and is_denied:
            about.left_out("Accept-Any-Recipient", one.user, "It is denied too, which counts more: no relay policy.")
        elif one.is_anonymous:
            about.mapped("Accept-Any-Recipient", one.user, "A relay policy for its remote IP ranges.")
        elif not _is_by_default(one.user):
            about.left_out("Accept-Any-Recipient", one.user, "Name the user in a relay policy, if they still send.")
    if "Custom" in groups_of(given) and not has_rights:
        about.left_out(
            "PermissionGroups",
            "Custom",
            "It has rights of its own, perhaps to relay: export "
            "Get-ADPermission of its connectors too, or import its protocol logs.",
        )
    why = "Accept-Any-Recipient for ANONYMOUS LOGON" if anonymous else "ExternalAuthoritative" if external else ""
    return Grants(anonymous or external, "ExchangeUsers" in groups_of(given), why)


_BY_DEFAULT = (
    "authenticated users",
    "exchange servers",
    "exchangelegacyinterop",
    "hub transport servers",
    "edge transport servers",
    "externally secured servers",
)


def _is_by_default(user: str) -> bool:
    """Who has the right by a permission group, which is told there."""
    said = user.lower().rpartition("\\")[2]
    return said in _BY_DEFAULT


def anonymous_policy(given: Mapping[str, Any], grants: Grants, owner: str, about: Subject) -> dict[str, Any] | None:
    """Its clients, by network and nothing else; where that is everybody the policy is made, but disabled."""
    try:
        ranges = ranges_of(given)
    except (Lost, ValueError):
        return None
    everybody = bool(_EVERYTHING & set(ranges))
    is_off = not yes(given.get("Enabled", True))
    if is_off:
        about.approximated("Relay policy", ranges, "Disabled: so is its connector, and nobody relays through it.")
    if everybody:
        about.approximated(
            "Relay policy",
            ranges,
            "Disabled: through it everybody could relay. Name the "
            "networks, or import protocol logs to find who relays today.",
        )
    return {
        "name": f"{short_name(given)} relay"[:64],
        "is_enabled": not everybody and not is_off,
        "networks": ranges,
        "is_tls_required": yes(given.get("RequireTLS", False)),
        "owner": owner,
        "purpose": f"Relayed through Exchange's receive connector {full_name(given)}"[:500],
        "comment": f"Imported: {grants.why}.",
    }


def signed_in_policies(connectors: Iterable[Mapping[str, Any]], owner: str) -> Iterator[dict[str, Any]]:
    """Users of Exchange who sign in may send anywhere: a policy for all, from the networks of the connectors, and
    one for those that take them without TLS; where that is anywhere it is made, but disabled."""
    connectors = list(connectors)
    if networks := list(dict.fromkeys(_all_ranges(connectors))):
        anywhere = bool(_EVERYTHING & set(networks))
        yield _signed_in("Users who sign in", [] if anywhere else networks, owner) | {"is_tls_required": True}
    clear = [one for one in connectors if takes_clear(one)]
    if networks := list(dict.fromkeys(_all_ranges(clear))):
        yield _signed_in("Users who sign in without TLS", networks, owner) | {
            "is_enabled": not _EVERYTHING & set(networks)
        }


def _signed_in(name: str, networks: list[str], owner: str) -> dict[str, Any]:
    return {
        "name": name,
        "networks": networks,
        "identities": ["*"],
        "owner": owner,
        "purpose": "Exchange let users who sign in send anywhere",
        "comment": "Imported: permission group ExchangeUsers.",
    }


def _all_ranges(connectors: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for given in connectors:
        try:
            yield from ranges_of(given)
        except (Lost, ValueError):
            continue
