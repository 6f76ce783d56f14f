"""Restrictions and access tables: who is let in, kept out, or may relay."""

from __future__ import annotations

from collections.abc import Iterator

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.main_cf import MainCf
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
    "reject_unverified_recipient": "Recipients come from the directory.",
}


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
                self._word(name, word, words)

    def _word(self, name: str, word: str, rest: Iterator[str]) -> None:
        about = self._report.about("main.cf", name)
        if word in _SAME:
            about.mapped(name, word, _SAME[word])
        elif word.startswith("check_") and word.endswith("_access"):
            self._table(name, word, next(rest, ""), about)
        elif word in _LISTS:
            self._provider(word, next(rest, ""), about)
        elif word in ("reject_rhsbl_client", "check_policy_service"):
            about.left_out(name, f"{word} {next(rest, '')}", _NOT_YET.get(word, "Not known to this import."))
        else:
            about.left_out(name, word, _NOT_YET.get(word, "Not known to this import."))

    def _provider(self, word: str, said: str, about: Subject) -> None:
        """``domain``, or ``domain=127.0.0.2`` where one code counts; patterns of codes are not taken."""
        domain, _, code = said.partition("=")
        fields: dict[str, object] = {"name": domain[:64], "lookup_domain": domain}
        if code and not code.replace(".", "").isdecimal():
            about.left_out(word, said, "A pattern of codes: name the codes of a provider one by one.")
            return
        fields |= {"ip_addresses_match": [code]} if code else {"is_any_match": True}
        told = self._report.about(word, domain)
        told.mapped("", said, "Asked about clients from outside that did not sign in.")
        self._building.put(_LISTS[word], fields, told)

    def _table(self, name: str, word: str, item: str, about: Subject) -> None:
        if word not in ("check_client_access", "check_sender_access"):
            about.left_out(name, f"{word} {item}", "Only tables of clients and senders are read.")
            return
        rows = self._tables.read(item, word, about)
        lets_relay = not self._is_refused and all(permits(restrictions_of(self._main, one), item) for one in RELAYING)
        for key, action in rows:
            self._client(key, action, lets_relay=lets_relay) if word == "check_client_access" else self._sender(
                key, action
            )

    def _client(self, key: str, action: str, *, lets_relay: bool) -> None:
        about = self._report.about("access", key)
        verb = action.split(" ", 1)[0].upper()
        try:
            where = network(key)
        except ValueError:
            about.left_out("", action, "Names of clients decide nothing here: enter their addresses.")
            return
        if verb in ("REJECT", "DISCARD", "DEFER", "DEFER_IF_PERMIT") or verb[:1] in "45":
            about.mapped("", action, "An IP block entry.")
            self._entry("ip_block_list", where, action)
        elif verb in ("OK", "PERMIT", "RELAY") or verb.isdecimal():
            self._permitted(where, action, lets_relay=lets_relay)
        else:
            about.left_out("", action, "An action that has no counterpart.")

    def _permitted(self, where: str, action: str, *, lets_relay: bool) -> None:
        """OK before both refusals to relay lets relay; elsewhere it lets in only."""
        about = self._report.about("access", where)
        if lets_relay:
            about.approximated("", action, "OK stands before the refusal to relay: a relay policy.")
            fields: dict[str, object] = {"name": f"access: {where}"[:64], "networks": [where], "owner": self._owner}
            fields |= {"purpose": "Postfix's access table let it relay", "is_enabled": not where.endswith("/0")}
            self._building.put("relay_policies", fields, about)
        else:
            about.mapped("", action, "An IP allow entry.")
            self._entry("ip_allow_list", where, action)

    def _entry(self, kind: str, where: str, action: str) -> None:
        comment = f"Imported from Postfix: {action}"[:500]
        self._building.entry(kind, {"network": where, "comment": comment, "owner": self._owner})

    def _sender(self, key: str, action: str) -> None:
        about = self._report.about("sender_access", key)
        about.left_out("", action, "Refuse senders by a mail flow rule.")
