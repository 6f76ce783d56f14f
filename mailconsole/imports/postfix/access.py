"""Restrictions and access tables: who is let in, kept out, or may relay."""

from __future__ import annotations

from functools import reduce
from itertools import islice
from operator import and_

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.addresses import Addresses, union
from mailconsole.imports.postfix.codes import codes_of
from mailconsole.imports.postfix.main_cf import MainCf
from mailconsole.imports.postfix.networks import MOST_NETWORKS, TOO_MANY
from mailconsole.imports.postfix.restrictions import CLIENTS, LISTS, RELAYING, Restriction, restrictions_of
from mailconsole.imports.postfix.tables import Tables, network, table_name
from mailconsole.imports.postfix.walk import Does, Row, Walk
from mailconsole.imports.report import Report, Subject

_LISTS = {"reject_rbl_client": "ip_block_list_providers", "permit_dnswl_client": "ip_allow_list_providers"}
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
_ALL = "Whom nothing before it lets in is refused there, and taken here: say on the receive connectors whom they serve."
_NOT_YET = {
    "reject": _ALL,
    "defer": _ALL,
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


class Access:
    """IP allow and block entries, relay policies of clients, and what the restrictions say besides."""

    def __init__(
        self,
        main: MainCf,
        tables: Tables,
        building: Building,
        report: Report,
        *,
        owner: str,
        mynetworks: Addresses | None,
    ) -> None:
        self._main, self._tables, self._building, self._report, self._owner = main, tables, building, report, owner
        self._walks = [Walk(name, mynetworks) for name in LISTS]
        for walk in self._walks:
            for one in restrictions_of(main, walk.name):
                self._meet(walk, one)
            walk.finish()
        self.relayed = reduce(and_, (walk.relayed for walk in self._walks))
        """Whom each list lets through before it refuses to relay."""
        self._rows = [row for walk in self._walks for row in walk.rows]
        self._refused = union(row.addresses for row in self._rows if row.does is Does.REFUSES)
        self.blocked = union(row.addresses for row in self._rows if row.does is Does.REFUSES and _few(row.addresses))
        """Who gets a block entry: nothing is taken from him, whatever a policy says."""

    def _meet(self, walk: Walk, one: Restriction) -> None:
        about = self._report.about("main.cf", walk.name)
        if walk.name not in self._main.given:
            walk.meet(one)
        elif walk.end:
            self._tables.use(one.argument, one.word)
            about.left_out(walk.name, str(one), f"It is never reached: {walk.end} stands before it.")
        elif one in walk.met:
            about.mapped(walk.name, str(one), "It stands before it too, which is when it decides.")
        elif one.word == "check_client_access" and not one.is_only_told:
            self._clients(walk, one, about)
        else:
            self._tell(walk, one, about)
            walk.meet(one)
        walk.met.add(one)

    def _clients(self, walk: Walk, one: Restriction, about: Subject) -> None:
        rows = self._tables.read(one.argument, one.word, about)
        known = [(where, action) for key, action in rows if (where := self._network(key, action))]
        named = table_name(one.argument)
        walk.table(known, is_first_match=named is not None and named.type == "cidr")
        if len(known) < len(rows) or not rows:
            walk.meet(one)

    def _tell(self, walk: Walk, one: Restriction, about: Subject) -> None:
        name, word = walk.name, one.word
        if word in _LISTS and (word == "reject_rbl_client" or not one.is_only_told):
            self._provider(one, about)
        elif one.is_only_told:
            about.left_out(name, str(one), "It is a warning only.")
        elif word == "permit" and name in RELAYING and not walk.is_refused:
            about.left_out(
                name, word, "Who comes so far may relay there; here nobody does whom no relay policy admits."
            )
        elif word in _SAME:
            about.mapped(name, word, _SAME[word])
        elif word == "check_sender_access":
            for key, action in self._tables.read(one.argument, word, about):
                self._report.about("sender_access", key).left_out("", action, "Refuse senders by a mail flow rule.")
        elif one.is_table:
            about.left_out(name, str(one), "Only tables of clients and senders are read.")
        else:
            about.left_out(name, str(one), _NOT_YET.get(word, "Not known to this import."))

    def _provider(self, one: Restriction, about: Subject) -> None:
        """``domain``, or ``domain=127.0.0.[2..11]`` where these codes count; after warn_if_reject it only tells."""
        word, said = one.word, one.argument
        domain, _, pattern = said.partition("=")
        fields: dict[str, object] = {"name": domain[:64], "lookup_domain": domain}
        codes = codes_of(pattern) if pattern else []
        if pattern and not codes:
            about.left_out(word, said, "A pattern of many codes: name the codes of a provider one by one.")
            return
        fields |= {"ip_addresses_match": codes} if codes else {"is_any_match": True}
        fields |= {"is_only_told": True} if one.is_only_told else {}
        told = self._report.about(word, domain)
        told.mapped("", said, "Asked about clients from outside that did not sign in.")
        self._building.put(_LISTS[word], fields, told)

    def _network(self, key: str, action: str) -> str:
        """Empty where it is none."""
        try:
            return network(key)
        except ValueError:
            is_logic = key.startswith("!") or key.lower() in ("if", "endif")
            why = _LOGIC if is_logic else "Names of clients decide nothing here: enter their addresses."
            self._report.about("access", key).left_out("", action, why)
            return ""

    def put(self) -> None:
        """The entries and relay policies that the rows of all tables come to."""
        granted: dict[str, list[Addresses]] = {}
        for row in self._rows:
            about = self._report.about("access", row.key)
            if not row.addresses:
                about.mapped("", row.action, "What stands before it decides about all of it.")
            elif row.does is Does.REFUSES:
                self._entries("ip_block_list", row, row.addresses, "An IP block entry.", about)
            elif row.does is Does.LETS_IN:
                self._let_in(row, granted, about)
            else:
                _told(row, about)
        for key, parts in granted.items():
            self._relays(key, union(parts))

    def _let_in(self, row: Row, granted: dict[str, list[Addresses]], about: Subject) -> None:
        """OK before every refusal to relay lets relay; elsewhere it lets in only, unless another list refuses."""
        relayed = row.addresses & self.relayed if row.list in RELAYING else Addresses()
        if not _few(relayed):
            about.left_out("", row.action, TOO_MANY)
            return
        if relayed:
            note = f"OK stands before the refusal to relay: a relay policy.{_but(row, relayed)}"
            about.approximated("", row.action, note)
            granted.setdefault(row.key, []).append(relayed)
        left = row.addresses - relayed - self._refused
        if row.list not in (CLIENTS, *RELAYING):
            about.left_out("", row.action, f"It lets in by {row.list} only: the other lists decide without it.")
        elif left:
            self._entries("ip_allow_list", row, left, "An IP allow entry.", about)
        elif not relayed:
            about.left_out("", row.action, "Another list refuses it.")

    def _entries(self, kind: str, row: Row, addresses: Addresses, what: str, about: Subject) -> None:
        if not _few(addresses):
            about.left_out("", row.action, TOO_MANY)
            return
        but = _but(row, addresses)
        about.approximated("", row.action, what + but) if but else about.mapped("", row.action, what)
        comment = f"Imported from Postfix: {row.action}"[:500]
        for where in addresses.networks():
            self._building.entry(kind, {"network": where, "comment": comment, "owner": self._owner})

    def _relays(self, key: str, addresses: Addresses) -> None:
        fields: dict[str, object] = {"name": f"access: {key}"[:64], "networks": list(addresses.networks())}
        fields |= {"owner": self._owner, "purpose": "Postfix's access table let it relay"}
        about = self._report.about("access", key)
        self._building.put("relay_policies", fields | {"is_enabled": not key.endswith("/0")}, about)


def _few(addresses: Addresses) -> bool:
    return next(islice(addresses.networks(), MOST_NETWORKS, None), None) is None


def _told(row: Row, about: Subject) -> None:
    if row.action.split(" ", 1)[0].upper() == "DUNNO":
        about.mapped("", row.action, "It decides nothing, and is kept out of the rows after it.")
    elif row.does is Does.REFUSES_RELAY:
        about.mapped("", row.action, "What stands after it gives it no relay policy.")
    else:
        about.left_out("", row.action, "An action that has no counterpart.")


def _but(row: Row, addresses: Addresses) -> str:
    """Where what is drafted differs from the row as it was written; empty where it does not."""
    said = f" Without {', '.join(row.cut[:6])}{' and more' if len(row.cut) > 6 else ''}." if row.cut else ""
    if addresses != row.addresses:
        said += " Without those about whom other lists decide otherwise."
    if row.doubt:
        said += f" Before it stands {row.doubt}, which decides about some of them by what is not their address."
    if (row.does is Does.REFUSES and row.action[:1] == "4") or row.action[:5].upper() == "DEFER":
        said += " There for the time being, here for good."
    if row.action[:7].upper() == "DISCARD":
        said += " There discarded, here refused."
    return said
