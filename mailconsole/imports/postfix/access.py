"""Restrictions and access tables: who is let in, kept out, or may relay."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from itertools import islice

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.decided import Decided, decided
from mailconsole.imports.postfix.main_cf import MainCf
from mailconsole.imports.postfix.networks import MOST_NETWORKS, TOO_MANY
from mailconsole.imports.postfix.tables import Tables, network
from mailconsole.imports.report import Report, Subject

LISTS = ("smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
         "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions")  # fmt: skip
RELAYING = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")
_LISTS = {"reject_rbl_client": "ip_block_list_providers", "permit_dnswl_client": "ip_allow_list_providers"}
_REFUSALS = ("reject_unauth_destination", "defer_unauth_destination", "reject", "defer")
_DEFAULT = ["permit_mynetworks", "permit_sasl_authenticated", "defer_unauth_destination"]
_SAME = {
    "permit_mynetworks": "See mynetworks.",
    "permit_sasl_authenticated": "See smtpd_sasl_auth_enable.",
    "reject_unauth_destination": "Nobody relays whom no relay policy admits.",
    "defer_unauth_destination": "Nobody relays whom no relay policy admits; here that is a refusal (550 5.7.1).",
    "reject_non_fqdn_recipient": "Recipients without a domain are refused.",
    "reject_non_fqdn_sender": "Senders without a domain are refused.",
    "reject_unlisted_recipient": "Unknown recipients of authoritative domains are refused.",
    "reject_unauth_pipelining": "Whoever speaks out of turn is refused.",
    "permit": "It is what happens where nothing refuses.",
}
_NOT_YET = {
    "reject_unknown_sender_domain": "The sender's domain is not looked up.",
    "reject_unknown_client_hostname": "Names of clients decide nothing here.",
    "reject_unknown_reverse_client_hostname": "Names of clients decide nothing here.",
    "reject_non_fqdn_helo_hostname": "Choose “refuse HELO without a domain” on the receive connector.",
    "reject_invalid_helo_hostname": "Choose “refuse HELO without a domain” on the receive connector.",
    "check_policy_service": "There are no policy services; limits are on connectors and relay policies.",
    "permit_tls_clientcerts": "Ask for the client's certificate in a relay policy.",
    "permit_tls_all_clientcerts": "Ask for the client's certificate in a relay policy.",
    "reject_unverified_recipient": "Recipients come from the directory.",
}


_LOGIC = "Negation and if have no counterpart: enter the networks that they stand for."
_MOST_CODES = 64
_OCTET = re.compile(r"[0-9]{1,3}")


def has_argument(word: str) -> bool:
    """Whether the next word belongs to it (postconf(5), smtpd_client_restrictions)."""
    return (
        word.startswith(("reject_rbl_", "reject_rhsbl_", "permit_dnswl_", "permit_rhswl_", "check_")) or word == "sleep"
    )


def codes_of(pattern: str) -> list[str]:
    """The addresses that ``127.0.0.[2..4;10]`` stands for; none where they are too many or it is no such pattern."""
    octets = pattern_octets(pattern)
    if len(octets) != 4 or not all(octets) or math.prod(len(one) for one in octets) > _MOST_CODES:
        return []
    return [".".join(str(part) for part in parts) for parts in itertools.product(*octets)]


def pattern_octets(pattern: str) -> list[list[int]]:
    found = []
    for said in re.findall(r"\[[\d.;]+\]|\d+", pattern)[:5]:
        ranges = [one.partition("..") for one in said.strip("[]").split(";")]
        ends = [(low, high or low) for low, _, high in ranges]
        is_good = all(_OCTET.fullmatch(low) and _OCTET.fullmatch(high) and int(high) < 256 for low, high in ends)
        found.append([number for low, high in ends for number in range(int(low), int(high) + 1)] if is_good else [])
    return found


def permits(words: list[str], word: str) -> bool:
    """Whether ``word`` is reached before a refusal to relay; a list without such a refusal lets all through."""
    for one in words:
        if one == word:
            return True
        if one in _REFUSALS:
            return False
    return True


def may_relay(main: MainCf, word: str) -> bool:
    """Whether both lists that decide about relay let those pass whom ``word`` permits."""
    return all(permits(restrictions_of(main, name), word) for name in RELAYING)


def restrictions_of(main: MainCf, name: str) -> list[str]:
    """As given, else as Postfix assumes."""
    is_default = name == "smtpd_relay_restrictions" and name not in main.given
    return _DEFAULT if is_default else main.items(name)


class Access:
    """IP allow and block entries, relay policies of clients, and what the restrictions say besides."""

    def __init__(self, main: MainCf, tables: Tables, building: Building, report: Report, owner: str) -> None:
        self._main, self._tables, self._building, self._report, self._owner = main, tables, building, report, owner
        self._is_refused = False
        """Whether who is not let relay by now is refused."""

    def restrictions(self) -> None:
        for name in LISTS:
            self._is_refused = name not in RELAYING
            words = iter(self._main.items(name))
            for word in words:
                self._is_refused |= word in _REFUSALS
                if word == "warn_if_reject":
                    self._warned(name, words)
                else:
                    self._word(name, word, words)

    def _warned(self, name: str, rest: Iterator[str]) -> None:
        """What follows is only told: of a list in DNS that is a mode here."""
        word, about = next(rest, ""), self._report.about("main.cf", name)
        said = f"warn_if_reject {word}"
        if _LISTS.get(word) == "ip_block_list_providers":
            self._provider(word, next(rest, ""), about, is_only_told=True)
        else:
            about.left_out(name, f"{said} {next(rest, '')}" if has_argument(word) else said, "It is a warning only.")

    def _word(self, name: str, word: str, rest: Iterator[str]) -> None:
        about = self._report.about("main.cf", name)
        if word in _SAME:
            about.mapped(name, word, _SAME[word])
        elif word.startswith("check_") and word.endswith("_access"):
            self._table(name, word, next(rest, ""), about)
        elif word in _LISTS:
            self._provider(word, next(rest, ""), about)
        elif has_argument(word):
            about.left_out(name, f"{word} {next(rest, '')}", _NOT_YET.get(word, "Not known to this import."))
        else:
            about.left_out(name, word, _NOT_YET.get(word, "Not known to this import."))

    def _provider(self, word: str, said: str, about: Subject, *, is_only_told: bool = False) -> None:
        """``domain``, or ``domain=127.0.0.[2..11]`` where these codes count."""
        domain, _, pattern = said.partition("=")
        fields: dict[str, object] = {"name": domain[:64], "lookup_domain": domain}
        codes = codes_of(pattern) if pattern else []
        if pattern and not codes:
            about.left_out(word, said, "A pattern of many codes: name the codes of a provider one by one.")
            return
        fields |= {"ip_addresses_match": codes} if codes else {"is_any_match": True}
        fields |= {"is_only_told": True} if is_only_told else {}
        told = self._report.about(word, domain)
        told.mapped("", said, "Asked about clients from outside that did not sign in.")
        self._building.put(_LISTS[word], fields, told)

    def _table(self, name: str, word: str, item: str, about: Subject) -> None:
        if word not in ("check_client_access", "check_sender_access"):
            about.left_out(name, f"{word} {item}", "Only tables of clients and senders are read.")
            return
        rows = self._tables.read(item, word, about)
        if word == "check_sender_access":
            for key, action in rows:
                self._sender(key, action)
            return
        lets_relay = not self._is_refused and all(permits(restrictions_of(self._main, one), item) for one in RELAYING)
        known = [(where, action) for key, action in rows if (where := self._network(key, action))]
        for one in decided(known, is_first_match=item.lower().startswith("cidr:")):
            self._client(one, lets_relay=lets_relay)

    def _network(self, key: str, action: str) -> str:
        """Empty where it is none."""
        try:
            return network(key)
        except ValueError:
            is_logic = key.startswith("!") or key.lower() in ("if", "endif")
            why = _LOGIC if is_logic else "Names of clients decide nothing here: enter their addresses."
            self._report.about("access", key).left_out("", action, why)
            return ""

    def _client(self, row: Decided, *, lets_relay: bool) -> None:
        about, action = self._report.about("access", row.key), row.action
        verb = action.split(" ", 1)[0].upper()
        networks = list(islice(row.addresses.networks(), MOST_NETWORKS + 1))
        if len(networks) > MOST_NETWORKS:
            about.left_out("", action, TOO_MANY)
            return
        tell = about.approximated if row.cut else about.mapped
        but = f" Without {', '.join(row.cut[:5])}{' and more' if len(row.cut) > 5 else ''}." if row.cut else ""
        if verb in ("REJECT", "DISCARD", "DEFER", "DEFER_IF_PERMIT") or verb[:1] in "45":
            tell("", action, f"An IP block entry.{but}")
            self._entries("ip_block_list", networks, action)
        elif (verb in ("OK", "PERMIT", "RELAY") or verb.isdecimal()) and lets_relay:
            about.approximated("", action, f"OK stands before the refusal to relay: a relay policy.{but}")
            self._relays(row.key, networks, about)
        elif verb in ("OK", "PERMIT", "RELAY") or verb.isdecimal():
            tell("", action, f"An IP allow entry.{but}")
            self._entries("ip_allow_list", networks, action)
        elif verb == "DUNNO":
            about.mapped("", action, "It decides nothing, and is kept out of the rows after it.")
        else:
            about.left_out("", action, "An action that has no counterpart.")

    def _relays(self, key: str, networks: list[str], about: Subject) -> None:
        """OK before both refusals to relay lets relay; elsewhere it lets in only."""
        if not networks:
            return
        fields: dict[str, object] = {"name": f"access: {key}"[:64], "networks": networks}
        fields |= {"owner": self._owner, "purpose": "Postfix's access table let it relay"}
        self._building.put("relay_policies", fields | {"is_enabled": not key.endswith("/0")}, about)

    def _entries(self, kind: str, networks: list[str], action: str) -> None:
        comment = f"Imported from Postfix: {action}"[:500]
        for where in networks:
            self._building.entry(kind, {"network": where, "comment": comment, "owner": self._owner})

    def _sender(self, key: str, action: str) -> None:
        about = self._report.about("sender_access", key)
        about.left_out("", action, "Refuse senders by a mail flow rule.")
