"""Lists of restrictions as words with their arguments, and whether they let somebody relay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailconsole.imports.postfix.main_cf import MainCf

CLIENTS = "smtpd_client_restrictions"
LISTS = (CLIENTS, "smtpd_helo_restrictions", "smtpd_sender_restrictions",
         "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions")  # fmt: skip
RELAYING = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")
ENDING = ("permit", "reject", "defer")
"""Words that decide about everybody: what stands after them is never reached."""
REFUSALS = ("reject_unauth_destination", "defer_unauth_destination", "reject", "defer")
_DEFAULT = ["permit_mynetworks", "permit_sasl_authenticated", "defer_unauth_destination"]


@dataclass(frozen=True, slots=True)
class Restriction:
    """``is_only_told``: after warn_if_reject, nothing is refused by it."""

    word: str
    argument: str = ""
    is_only_told: bool = False

    def __str__(self) -> str:
        return " ".join(one for one in ("warn_if_reject" * self.is_only_told, self.word, self.argument) if one)

    @property
    def is_table(self) -> bool:
        return self.word.startswith("check_") and self.word.endswith("_access")


def has_argument(word: str) -> bool:
    """Whether the next word belongs to it (postconf(5), smtpd_client_restrictions)."""
    return (
        word.startswith(("reject_rbl_", "reject_rhsbl_", "permit_dnswl_", "permit_rhswl_", "check_")) or word == "sleep"
    )


def restrictions_of(main: MainCf, name: str) -> list[Restriction]:
    """As given, else as Postfix assumes."""
    is_default = name == "smtpd_relay_restrictions" and name not in main.given
    return list(_read(_DEFAULT if is_default else main.items(name)))


def _read(words: Iterable[str]) -> Iterator[Restriction]:
    rest = iter(words)
    for said in rest:
        is_only_told = said.lower() == "warn_if_reject"
        word = (next(rest, "") if is_only_told else said).lower()
        yield Restriction(word, next(rest, "") if has_argument(word) else "", is_only_told)


def permits(restrictions: Iterable[Restriction], word: str) -> bool:
    """Whether ``word`` is reached before a refusal to relay; a list without such a refusal lets all through."""
    for one in restrictions:
        if one.word in (word, "permit") and not one.is_only_told:
            return True
        if one.word in REFUSALS and not one.is_only_told:
            return False
    return True


def may_relay(main: MainCf, word: str) -> bool:
    """Whether no list refuses those to relay whom ``word`` permits."""
    return all(permits(restrictions_of(main, name), word) for name in LISTS)
