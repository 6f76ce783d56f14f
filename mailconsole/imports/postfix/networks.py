"""Clients in Postfix's words: mynetworks, and access tables by client address, with their exclusions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from mailconsole.imports.postfix.addresses import Addresses, of
from mailconsole.imports.postfix.tables import Tables, network, table_name
from mailconsole.imports.report import Subject

MOST_NETWORKS = 2000
"""Into so many networks what is left of one may break: more than that nobody reviews."""
TOO_MANY = f"It breaks into more than {MOST_NETWORKS} networks: enter the networks that are meant."


@dataclass(frozen=True, slots=True)
class Clients:
    """A list such as mynetworks: networks, and those that ``!`` takes away."""

    wanted: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def addresses(self) -> Addresses:
        return of(self.wanted) - of(self.excluded)


def read_clients(items: Iterable[str], parameter: str, tables: Tables, about: Subject) -> Clients:
    """Files and tables read."""
    wanted: list[str] = []
    excluded: list[str] = []
    for item in _with_files(items, tables):
        target = excluded if item.startswith("!") else wanted
        target += _networks_of(item.removeprefix("!"), parameter, tables, about)
    return Clients(tuple(wanted), tuple(excluded))


def networks_of(clients: Clients, spared: Addresses, parameter: str, about: Subject) -> list[str]:
    """What is left of them without ``spared``; loopback left to the node."""
    most = len(clients.wanted) + MOST_NETWORKS
    left = list(islice(without(clients.wanted, of(clients.excluded) | spared), most + 1))
    if len(left) > most:
        about.left_out(parameter, clients.wanted, TOO_MANY)
        return []
    kept = [one for one in left if not _is_loopback(one)]
    if len(kept) < len(left):
        about.mapped(parameter, "127.0.0.0/8 and [::1]", "Programs of the node use the Pickup directory.")
    if clients.excluded:
        excluded = [f"!{one}" for one in clients.excluded]
        about.mapped(parameter, excluded, "Taken out of the networks.")
    return list(dict.fromkeys(kept))


def _with_files(items: Iterable[str], tables: Tables) -> Iterator[str]:
    """A plain file has items like the list itself, ``!`` too (postconf(5), mynetworks)."""
    for item in items:
        named = table_name(item.removeprefix("!"))
        rows = tables.rows(named, item) if named is not None and not named.type else None
        sign = "!" if item.startswith("!") else ""
        yield from [item] if rows is None else (sign + key for key, _ in rows)


def _networks_of(item: str, parameter: str, tables: Tables, about: Subject) -> list[str]:
    named = table_name(item)
    if named is None:
        try:
            return [network(item)]
        except ValueError:
            about.left_out(parameter, item, "It is no network.")
            return []
    found = []
    for key, _ in tables.read(item, parameter, about):
        try:
            found.append(network(key))
        except ValueError:
            about.left_out(parameter, key, "It is no network.")
    return found


def without(wanted: Iterable[str], cuts: Addresses) -> Iterator[str]:
    """Networks with others cut out of them, exactly, one after the other."""
    for one in dict.fromkeys(wanted):
        yield from (of([one]) - cuts).networks()


def _is_loopback(text: str) -> bool:
    return ipaddress.ip_network(text).is_loopback
