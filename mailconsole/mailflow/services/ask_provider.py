"""What a list in DNS says of an address now, asked from the console's machine (Exchange: Test-IPBlockListProvider)."""

from __future__ import annotations

from mailconsole.changes.services.list_answers import ask_one
from mailconsole.common.refusals import Refusal
from transport.rules import dns_lists
from transport.rules.dns_lists import Listing, Provider


class NotAskedAbout(Refusal):
    """No list is asked about this address."""


def ask_provider(*, provider: Provider, address: str) -> Listing:
    """By the same rules as nodes. Raises NotAskedAbout."""
    if not dns_lists.is_asked_about(address):
        raise NotAskedAbout("No list knows of this address: give one that the world may have.")
    return ask_one(provider, address)
