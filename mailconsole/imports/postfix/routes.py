"""Which domains Postfix takes mail for, and where that goes: mydestination, relay_domains, relayhost, transport."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import Any

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.main_cf import MainCf
from mailconsole.imports.postfix.master_cf import Service
from mailconsole.imports.postfix.secrets import without_secrets
from mailconsole.imports.postfix.tables import Tables, table_name
from mailconsole.imports.report import Report, Subject

MAIN = "main.cf"
_TLS_LEVELS = {"none": "none", "may": "opportunistic", "encrypt": "EncryptionOnly", "verify": "DomainValidation",
               "secure": "DomainValidation"}  # fmt: skip
_HOP = re.compile(r"(\[?)([^\[\]:\s]+|[0-9A-Fa-f:.]+)(\]?)(?::(\w+))?")
_PORTS = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
_SENDING = ("smtp", "relay")


class Routes:
    """Accepted domains and send connectors."""

    def __init__(
        self, main: MainCf, tables: Tables, building: Building, report: Report, services: Iterable[Service] = ()
    ) -> None:
        self._main, self._tables, self._building, self._report = main, tables, building, report
        self._own = {one.name for one in services if one.is_sending} - set(_SENDING)
        self._accepted: dict[str, str] = {}
        """Domain and the list that it is in."""

    def domains_and_ways(self) -> None:
        hops = self._hops()
        led = {key.lower() for keys in hops.values() for key in keys}
        self._accept("mydestination", "Authoritative", led)
        self._accept("virtual_alias_domains", "Authoritative")
        self._accept("virtual_mailbox_domains", "Authoritative", led)
        self._accept("relay_domains", "InternalRelay")
        self._relayhost()
        for hop, spaces in hops.items():
            self._connector(hop, list(dict.fromkeys(_space(key) for key in spaces)))

    def _accept(self, parameter: str, domain_type: str, led: Container[str] | None = None) -> None:
        """``led``: what transport_maps lead on of domains that Postfix delivers to itself otherwise."""
        about = self._report.about(MAIN, parameter)
        for said in self._listed(parameter, about):
            domain, is_below = said.lstrip("."), said.startswith(".") or self._is_below(parameter)
            if "." not in domain or domain.startswith("localhost"):
                about.left_out(parameter, said, "It is the host's own name: no domain of mail.")
                continue
            if (first := self._accepted.setdefault(domain.lower(), parameter)) != parameter:
                about.mapped(parameter, said, f"It is in {first} too, which comes first.")
                continue
            told = self._report.about(parameter, said)
            is_local = led is not None and domain.lower() not in led
            told.approximated("", said, LOCAL) if is_local else told.mapped("", said)
            section = self._building.section("accepted_domains")
            known = next((one.id for one in section.values() if one.domain == domain.lower()), "")
            fields = {"name": domain[:64], "domain": domain, "domain_type": domain_type, "match_subdomains": is_below}
            self._building.put("accepted_domains", fields, told, object_id=known)

    def _is_below(self, parameter: str) -> bool:
        """Whether a domain in this list means its subdomains too (postconf(5), parent_domain_matches_subdomains)."""
        if parameter != "relay_domains":
            return False
        name = "parent_domain_matches_subdomains"
        return name not in self._main.given or "relay_domains" in self._main.items(name)

    def _listed(self, parameter: str, about: Subject) -> Iterator[str]:
        """The domains of a list, its files and tables read; of a table of aliases those with a row of their own."""
        is_of_aliases = parameter == "virtual_alias_domains" and parameter not in self._main.given
        for item in self._main.items(parameter):
            if table_name(item) is None:
                yield item
                continue
            if not is_of_aliases:
                yield from (key for key, _ in self._tables.read(item, parameter, about))
            elif named := table_name(item):  # what can't be read is told with the aliases
                rows = self._tables.rows(named, parameter) or []
                yield from (key for key, _ in rows if "@" not in key and "." in key)

    def _relayhost(self) -> None:
        said = self._main.get("relayhost")
        about = self._report.about(MAIN, "relayhost")
        fields = {"name": "Internet", "address_spaces": [self._everything()]} | self._tls(about)
        if said:
            hosts, port = _next_hop(said)
            if not hosts:
                about.left_out("relayhost", said, "It is no host.")
                return
            fields |= {"name": "relayhost", "smart_hosts": hosts, "port": port}
            _tell_hop(about, "relayhost", said)
        else:
            about.mapped("relayhost", "", "None: a send connector that asks DNS for the way of everything else.")
        self._credentials(about)
        self._building.put("send_connectors", fields, about)

    def _everything(self) -> dict[str, Any]:
        """A row of transport_maps wins, even one for everything."""
        return {"domain": "*", "cost": 10 if "transport_maps" in self._main.given else 1}

    def _tls(self, about: Subject) -> dict[str, Any]:
        said = self._main.get("smtp_tls_security_level") or ("may" if self._main.get("smtp_use_tls") == "yes" else "")
        if not said:
            return {}
        level = _TLS_LEVELS.get(said, "opportunistic")
        if said in ("dane", "dane-only", "fingerprint"):
            about.approximated("smtp_tls_security_level", said, "TLS where it is offered; DANE is not asked.")
        else:
            about.mapped("smtp_tls_security_level", said)
        return {"tls_level": level}

    def _credentials(self, about: Subject) -> None:
        maps = self._main.get("smtp_sasl_password_maps")
        if maps and self._main.get("smtp_sasl_auth_enable") == "yes":
            note = "No password is imported: enter user name and password on the connector's form, with TLS required."
            about.left_out("smtp_sasl_password_maps", without_secrets(maps), note)

    def _hops(self) -> dict[str, list[str]]:
        """The keys of transport_maps by next hop: one send connector each."""
        hops: dict[str, list[str]] = defaultdict(list)
        for item in self._main.items("transport_maps"):
            rows = self._tables.read(item, "transport_maps", self._report.about(MAIN, "transport_maps"))
            for key, value in rows:
                if (hop := self._hop(key, value)) is not None:
                    hops[hop].append(key)
        return hops

    def _hop(self, key: str, value: str) -> str | None:
        about = self._report.about("transport", key)
        method, colon, hop = value.partition(":")
        if not colon or (method and method not in _SENDING and method not in self._own):
            why = {"error": "Refuse it by a mail flow rule.", "discard": "Discard it by a mail flow rule.",
                   "local": "No mailboxes are kept here.", "lmtp": "LMTP is not spoken."}  # fmt: skip
            about.left_out("", value, why.get(method, "Only the transports smtp and relay have a counterpart."))
            return None
        if "@" in key or key.startswith("*."):
            by_domain = "Routes are by domain: forward the address instead."
            about.left_out("", value, by_domain if "@" in key else "It fits nothing: transport(5) has no such key.")
            return None
        if method in self._own:
            about.approximated("", value, "A transport of master.cf: set its limits on the send connector.")
        elif key.startswith("."):
            about.approximated("", value, BELOW)
        else:
            _tell_hop(about, "", value)
        return hop if method or hop else self._main.get("relayhost")  # transport(5): ":" changes nothing

    def _connector(self, hop: str, spaces: list[str]) -> None:
        about = self._report.about("transport", hop or "DNS")
        hosts, port = _next_hop(hop) if hop else ([], 25)
        fields = {"name": f"To {hop or 'DNS'}"[:64], "address_spaces": [{"domain": space} for space in spaces]}
        about.mapped("", spaces, "One send connector for this next hop.")
        self._building.put("send_connectors", fields | {"smart_hosts": hosts, "port": port} | self._tls(about), about)


LOCAL = "Delivered by Postfix itself: choose a next hop for it."
BELOW = "Below it, and the domain itself too where no row of its own leads it elsewhere."


def _space(key: str) -> str:
    """``.contoso.com`` is what is below it; Exchange's ``*.contoso.com`` is the domain too."""
    return f"*{key}" if key.startswith(".") else key


def _next_hop(said: str) -> tuple[list[str], int]:
    said = re.sub(r"^(?:smtp|relay):", "", said.strip())
    match = _HOP.fullmatch(re.sub(r"\[ipv6:", "[", said, flags=re.IGNORECASE))
    if match is None:
        return [], 25
    named = match[4] or "25"
    port = int(named) if named.isdecimal() else _PORTS.get(named, 25)
    host = match[2]
    return ([f"[{host}]"] if re.fullmatch(r"[\d.]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+", host) else [host]), port


def _tell_hop(about: Subject, parameter: str, said: str) -> None:
    hosts, _ = _next_hop(said)
    if "[" in said and hosts and not hosts[0].startswith("["):
        about.approximated(parameter, said, "Where the name has MX records, those are asked first.")
    else:
        about.mapped(parameter, said)
