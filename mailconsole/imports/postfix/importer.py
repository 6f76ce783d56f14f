"""Postfix's main.cf and its tables as one document, and the report of what became of each part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailconsole.imports.building import Building
from mailconsole.imports.exchange.importer import Imported
from mailconsole.imports.postfix.access import Access
from mailconsole.imports.postfix.main_cf import BadMainCf, MainCf, read_main_cf
from mailconsole.imports.postfix.master_cf import Service, read_master_cf
from mailconsole.imports.postfix.networks import Clients, networks_of, read_clients
from mailconsole.imports.postfix.parameters import told_parameters
from mailconsole.imports.postfix.recipients import Virtual
from mailconsole.imports.postfix.restrictions import may_relay
from mailconsole.imports.postfix.routes import Routes
from mailconsole.imports.postfix.secrets import HIDDEN, secret_names
from mailconsole.imports.postfix.tables import Tables
from mailconsole.imports.postfix.walk import LOOPBACK
from mailconsole.imports.reading.files import Source
from mailconsole.imports.refusals import UnreadableFile
from mailconsole.imports.report import Report
from transport.config.document import MailFlow
from transport.config.validate_policies import broad_of

MAIN = "main.cf"
MASTER = "master.cf"
MYNETWORKS = "mynetworks"
_NAMES = ("main.cf", "postconf")


def import_postfix(sources: Iterable[Source], *, onto: MailFlow, owner: str) -> Imported:
    """Raises UnreadableFile."""
    sources = list(sources)
    main = _main_cf(sources)
    tables = Tables(one for one in sources if one is not main)
    report, building = Report(), Building(onto)
    services = read_master_cf(tables.text_of(MASTER))
    try:
        _run(read_main_cf(main.text), tables, services, building, report, owner)
    except BadMainCf as error:
        raise UnreadableFile(f"{main.name} can't be read: {error}.") from None
    for name in tables.unused():
        report.about("File", name).left_out("", "", "Nothing in main.cf that is read here names it.")
    return Imported(building.finished(), report, {main.name: MAIN} | tables.used)


def _main_cf(sources: list[Source]) -> Source:
    for source in sources:
        if any(source.name.lower().startswith(name) for name in _NAMES):
            return source
    if len(sources) == 1:
        return sources[0]
    raise UnreadableFile("There is no main.cf among these files: add it, or the output of postconf -n as postconf.txt.")


def _run(main: MainCf, tables: Tables, services: list[Service], building: Building, report: Report, owner: str) -> None:
    Routes(main, tables, building, report, services).domains_and_ways()
    Virtual(main, tables, building, report).recipients()
    clients = read_clients(main.items(MYNETWORKS), MYNETWORKS, tables, report.about(MAIN, MYNETWORKS))
    mynetworks = clients.addresses if MYNETWORKS in main.given else None
    access = Access(main, tables, building, report, owner=owner, mynetworks=mynetworks)
    _networks(main, clients, access, building, report, owner)
    _signed_in(main, services, building, report, owner)
    access.put()
    told_parameters(main, building, report)


def _networks(main: MainCf, clients: Clients, access: Access, building: Building, report: Report, owner: str) -> None:
    """mynetworks may relay where permit_mynetworks stands before a refusal, as it does where nothing is said."""
    about = report.about(MAIN, MYNETWORKS)
    if MYNETWORKS not in main.given:
        style = main.get("mynetworks_style") or "host"
        about.left_out("mynetworks_style", style, "The networks are those of Postfix's own host: name them.")
        return
    refused = clients.addresses - LOOPBACK - access.relayed - access.blocked
    found = networks_of(clients, refused, MYNETWORKS, about)
    if not (clients.addresses - LOOPBACK) & access.relayed:
        about.left_out(
            MYNETWORKS, clients.wanted, "A refusal to relay stands before permit_mynetworks: it lets nobody relay."
        )
    elif found:
        if broad := broad_of(found):
            about.approximated(
                MYNETWORKS, broad, "So broad that the draft asks you to narrow it, or to say that it is meant."
            )
        if refused:
            about.approximated(
                MYNETWORKS, found, "They may relay, without those whom a list of restrictions keeps from it."
            )
        else:
            about.mapped(MYNETWORKS, found, "They may relay.")
        building.put("relay_policies", _policy("mynetworks", found, owner), about)


def _signed_in(main: MainCf, services: list[Service], building: Building, report: Report, owner: str) -> None:
    """By main.cf, or by a service of master.cf with parameters of its own, as submission has them."""
    listening = [one for one in services if one.is_listening]
    ways = [(MAIN, main), *((f"{MASTER}: {one.name}", MainCf({**main.given, **one.overrides})) for one in listening)]
    offered = [(name, way) for name, way in ways if way.get("smtpd_sasl_auth_enable") == "yes"]
    for one in listening:
        report.about(MASTER, one.name).left_out("", _shown(one), "See the receive connectors: where they listen.")
    if not offered:
        return
    granted = next((name for name, way in offered if may_relay(way, "permit_sasl_authenticated")), "")
    about = report.about(granted or offered[0][0], "smtpd_sasl_auth_enable")
    if not granted:
        about.left_out("", "yes", "A refusal to relay stands before permit_sasl_authenticated.")
        return
    about.approximated("", "yes", "A relay policy for users who sign in: over TLS, and as themselves.")
    fields = {"name": "Users who sign in", "identities": ["*"], "is_tls_required": True, "owner": owner}
    fields["purpose"] = "Postfix let users who sign in send anywhere"
    building.put("relay_policies", fields, about)


def _shown(service: Service) -> list[str]:
    hidden = secret_names(service.overrides)
    return [f"{name}={HIDDEN if name in hidden else said}" for name, said in service.overrides.items()]


def _policy(name: str, networks: list[str], owner: str) -> dict[str, Any]:
    everybody = {"0.0.0.0/0", "::/0"} & set(networks)
    return {
        "name": name,
        "is_enabled": not everybody,
        "networks": networks,
        "owner": owner,
        "purpose": f"Relayed through Postfix by {name}",
        "comment": "Imported from Postfix." + (" Disabled: everybody could relay." if everybody else ""),
    }
