"""Entries of the IP lists that never decide: told by which other they don't; where it can't be told, nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from transport.config.objects import IpListEntry
from transport.rules.shadowed_entries import Shadows

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def entry(network: str, days: int | None = None) -> IpListEntry:
    return IpListEntry(network=network, expires_at=None if days is None else NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("one", "allow", "block", "said"),
    [
        (entry("10.0.0.1"), [entry("10.0.0.0/8")], [], "The allow entry 10.0.0.0/8 lets all of it in"),
        (entry("10.0.0.1"), [entry("10.0.0.1")], [], "The allow entry 10.0.0.1 lets all of it in"),
        (entry("10.0.0.0/24"), [], [entry("10.0.0.0-10.0.1.9")], "The entry 10.0.0.0-10.0.1.9 holds all of it"),
        (entry("10.0.0.1", -1), [], [], "It expired on 2026-11-26"),
        (entry("10.0.0.0/24"), [entry("10.0.0.1")], [], ""),
        (entry("10.0.0.1"), [entry("10.0.0.0/8", -1)], [entry("10.0.0.0/8", 1)], ""),
        (entry("10.0.0.1", 1), [], [entry("10.0.0.0/8", 1)], "The entry 10.0.0.0/8"),
        (entry("10.0.0.5-10.0.0.20"), [], [entry("10.0.0.0/28")], ""),
        (entry("2001:db8::1"), [], [entry("2001:db8::/32")], "The entry 2001:db8::/32"),
    ],
)
def test_block_entry__says_what_decides_for_it(one, allow, block, said):
    found = Shadows(allow, [one, *block], now=NOW).idle_because("ip_block_list", one)
    assert found.startswith(said) if said else found == ""


def test_allow_entry__is_shadowed_by_allow_entries_only():
    one = entry("10.0.0.1")
    assert Shadows([one], [entry("10.0.0.0/8")], now=NOW).idle_because("ip_allow_list", one) == ""
    assert Shadows([one, entry("10.0.0.0/8")], [], now=NOW).idle_because("ip_allow_list", one) != ""
