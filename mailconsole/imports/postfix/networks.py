"""Clients in Postfix's words: mynetworks, and access tables by client address, with their exclusions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from itertools import islice

from mailconsole.imports.postfix.addresses import of
from mailconsole.imports.postfix.tables import Tables, network, table_name
from mailconsole.imports.report import Subject

MOST_NETWORKS = 2000
"""Into so many networks what is left of one may break: more than that nobody reviews."""
TOO_MANY = f"It breaks into more than {MOST_NETWORKS} networks: enter the networks that are meant."


def client_networks(items: Iterable[str], parameter: str, tables: Tables, about: Subject) -> list[str]:
    """Networks of a list such as mynetworks, files and tables read, ``!`` taken away; loopback left to the node."""
    wanted: list[str] = []
    excluded: list[str] = []
    for item in _with_files(items, tables):
        target = excluded if item.startswith("!") else wanted
        target += _networks_of(item.removeprefix("!"), parameter, tables, about)
    most = len(wanted) + MOST_NETWORKS
    left = list(islice(without(wanted, excluded), most + 1))
    if len(left) > most:
        about.left_out(parameter, wanted, TOO_MANY)
        return []
    kept = [one for one in left if not _is_loopback(one)]
    if len(kept) < len(wanted) and not excluded:
        about.mapped(
            parameter,
            "127.0.0.0/8 and [::1]",
            "Programs of the node use the Pickup directory.",
        )
    if excluded:
        about.mapped(parameter, [f"!{one}" for one in excluded], "Taken out of the networks.")
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


def without(wanted: Iterable[str], excluded: Iterable[str]) -> Iterator[str]:
    """Networks with others cut out of them, exactly, one after the other."""
    cuts = of(excluded)
    for one in dict.fromkeys(wanted):
        yield from (of([one]) - cuts).networks()


def _is_loopback(text: str) -> bool:
    return ipaddress.ip_network(text).is_loopback
