"""A small Postfix: what its lists of restrictions say of a client's address (postconf(5), access(5))."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

Word = tuple[str, str]
"""The list and the word of it that decided, or the action of a row."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether mail to a domain of ours is taken from a client, and whether it may relay."""

    is_taken: bool
    is_relayed: bool


@dataclass(frozen=True, slots=True)
class Postfix:
    mynetworks: list[str]
    tables: dict[str, list[tuple[str, str]]]
    lists: dict[str, list[str]]

    @property
    def main_cf(self) -> str:
        lists = "".join(f"{name} = {', '.join(words)}\n" for name, words in self.lists.items())
        return f"mynetworks = {' '.join(self.mynetworks)}\n{lists}"

    @property
    def files(self) -> dict[str, str]:
        return {name: "".join(f"{key} {action}\n" for key, action in rows) for name, rows in self.tables.items()}

    def verdict(self, peer: str) -> tuple[Taken, set[Word]]:
        """And the words that decided. A client is taken whom no list refuses; nobody has signed in."""
        answers = {
            is_ours: [self._list(name, peer, is_ours=is_ours) for name in self.lists] for is_ours in (True, False)
        }
        taken, relayed = (all(is_let for is_let, _ in some) for some in answers.values())
        return Taken(taken, relayed), {word for some in answers.values() for _, word in some}

    def _list(self, name: str, peer: str, *, is_ours: bool) -> tuple[bool, Word]:
        for word in self.lists[name]:
            said = self._row(word, peer) if word.startswith("check_") else word
            if said in ("OK", "permit") or (said == "permit_mynetworks" and _holds(self.mynetworks, peer)):
                return True, (name, said)
            if said in ("REJECT", "450 later", "reject") or (said == "reject_unauth_destination" and not is_ours):
                return False, (name, said)
            if said == "my_class":
                return True, (name, said)
        return True, (name, "")

    def _row(self, word: str, peer: str) -> str:
        rows = self.tables[word.rpartition("/")[2]]
        return next((action for key, action in rows if _holds([key], peer)), "")


def _holds(networks: list[str], peer: str) -> bool:
    return any(ipaddress.ip_address(peer) in ipaddress.ip_network(one) for one in networks)
