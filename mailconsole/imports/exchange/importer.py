"""Exchange's exports and logs as one document, and the report of what became of each part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mailconsole.imports.building import Building
from mailconsole.imports.coverage import policy_that_covers
from mailconsole.imports.exchange.domains import is_below, joined, read_accepted, read_remote
from mailconsole.imports.exchange.kinds import Cmdlet, read_objects
from mailconsole.imports.exchange.organization import read_organization
from mailconsole.imports.exchange.protocol_log import BadLog, is_protocol_log, read_logs
from mailconsole.imports.exchange.receive import (
    full_name,
    is_of_one_server,
    is_readable,
    read_receive,
    server_of,
    short_name,
)
from mailconsole.imports.exchange.relay import (
    anonymous_policy,
    grants_of,
    relay_rights,
    signed_in_policies,
    takes_own_senders,
)
from mailconsole.imports.exchange.rules import read_rule
from mailconsole.imports.exchange.send import read_send
from mailconsole.imports.reading.files import Source
from mailconsole.imports.refusals import UnreadableFile
from mailconsole.imports.report import Report, Subject
from mailconsole.imports.seen import ONLY_NULL, Candidate, SeenClient, candidates, policy_of
from transport.config.document import MailFlow
from transport.config.objects import ReceiveConnector

LOG = "Receive protocol log"
Given = dict[str, Any]


@dataclass(slots=True)
class Imported:
    """What an import leads to; ``what`` says of each file what it is."""

    document: MailFlow
    report: Report
    what: dict[str, str] = field(default_factory=dict)
    seen: list[Candidate] = field(default_factory=list)


def import_exchange(sources: Iterable[Source], *, onto: MailFlow, owner: str) -> Imported:
    """Raises UnreadableFile."""
    objects: dict[Cmdlet, list[Given]] = {cmdlet: [] for cmdlet in Cmdlet}
    logs: list[Source] = []
    what: dict[str, str] = {}
    for source in sources:
        if is_protocol_log(source.text):
            logs.append(source)
            what[source.name] = LOG
            continue
        found = read_objects(source)
        for cmdlet, one in found:
            objects[cmdlet].append(one)
        what[source.name] = ", ".join(dict.fromkeys(cmdlet.value for cmdlet, _ in found))
    run = _Run(Building(onto), Report(), owner)
    run.all_of(objects)
    seen = run.clients(_read(logs)) if logs else []
    return Imported(run.building.finished(), run.report, what, seen)


def _read(logs: list[Source]) -> list[SeenClient]:
    try:
        return read_logs(log.text for log in sorted(logs, key=lambda log: log.name))
    except BadLog as error:
        raise UnreadableFile(f"A protocol log can't be read: {error}.") from None


class _Run:
    """One import: the objects of each cmdlet in turn, those that others lean on first."""

    def __init__(self, building: Building, report: Report, owner: str) -> None:
        self.building, self.report, self._owner = building, report, owner
        self._made: dict[str, tuple[Given, Given]] = {}

    def all_of(self, objects: dict[Cmdlet, list[Given]]) -> None:
        self._organization(objects)
        self._accepted(objects[Cmdlet.ACCEPTED])
        for given in objects[Cmdlet.SEND]:
            about = self._about(Cmdlet.SEND, given)
            if (fields := read_send(given, about)) is not None:
                self.building.put("send_connectors", fields, about)
        self._receive(objects[Cmdlet.RECEIVE], objects[Cmdlet.RIGHTS])
        self._rules(objects[Cmdlet.RULE])
        for given in objects[Cmdlet.REMOTE]:
            about = self._about(Cmdlet.REMOTE, given)
            if (fields := read_remote(given, about)) is not None:
                self.building.put("remote_domains", fields, about)

    def _organization(self, objects: dict[Cmdlet, list[Given]]) -> None:
        known: Given = {}
        for cmdlet in (Cmdlet.CONFIG, Cmdlet.SERVICE, Cmdlet.BLOCK_LIST):
            for given in objects[cmdlet]:
                about = self._about(cmdlet, given)
                if fields := read_organization(given, known, about):
                    self.building.organization(fields, about)
                    known = fields | known

    def _accepted(self, domains: list[Given]) -> None:
        """Exchange takes ``contoso.com`` and ``*.contoso.com`` for two; here one domain is accepted once."""
        made: dict[str, Given] = {}
        for given in sorted(domains, key=lambda one: is_below(one)):
            about = self._about(Cmdlet.ACCEPTED, given)
            if (fields := read_accepted(given, about)) is None:
                continue
            first = made.setdefault(fields["domain"].lower(), fields)
            if first is not fields:
                fields = joined(first, fields, about)
            self.building.put("accepted_domains", fields, about, object_id=self._domain_id(fields["domain"]))

    def _rules(self, rules: list[Given]) -> None:
        connectors = {one.name.lower(): one.id for one in self.building.section("send_connectors").values()}
        for given in rules:
            about = self._about(Cmdlet.RULE, given)
            if (fields := read_rule(given, connectors, about)) is not None:
                self.building.put("mail_flow_rules", fields, about)

    def _about(self, cmdlet: Cmdlet, given: Given) -> Subject:
        name = full_name(given) if cmdlet is Cmdlet.RECEIVE else str(given.get("Name") or given.get("Identity") or "")
        return self.report.about(cmdlet.value, name)

    def _domain_id(self, domain: str) -> str:
        """One domain is accepted once, whatever its entry is called."""
        section = self.building.section("accepted_domains")
        return next((one.id for one in section.values() if one.domain == domain.lower()), "")

    def _receive(self, connectors: list[Given], rows: list[Given]) -> None:
        signed_in, rights = [], relay_rights(rows)
        for given in connectors:
            about = self._about(Cmdlet.RECEIVE, given)
            if is_of_one_server(given):
                about.left_out(
                    "", "", "It carries mail between the services of one Exchange server: there is one service here."
                )
                continue
            grants = grants_of(given, rights, has_rights=bool(rows), about=about)
            self._one_connector(given, rows, about)
            if grants.is_anonymous and (policy := anonymous_policy(given, grants, self._owner, about)):
                self._policy(policy)
            if grants.is_signed_in:
                signed_in.append(given)
        for policy in signed_in_policies(signed_in, self._owner):
            about = self.report.about(Cmdlet.RECEIVE.value, policy["name"])
            kept_off = "" if policy.get("is_enabled", True) else " Disabled: from anywhere, name the networks."
            about.approximated(
                "PermissionGroups", "ExchangeUsers", f"A relay policy for users who sign in, as themselves.{kept_off}"
            )
            self.building.put("relay_policies", policy, about)

    def _policy(self, policy: Given) -> None:
        """Its own line of the report, which leads to it."""
        told = self.report.about("Relay policy", policy["name"])
        told.mapped("networks", policy["networks"], policy["comment"])
        self.building.put("relay_policies", policy, told)

    def _one_connector(self, given: Given, rows: list[Given], about: Subject) -> None:
        """The same connector of a second server is the same here: its nodes share one configuration."""
        fields, name = read_receive(given, about), short_name(given)
        if not takes_own_senders(given, rows, about):
            fields["is_authoritative_domain_sender_accepted"] = False
        if name in self._made:
            first, known = self._made[name]
            for field_name in sorted(field for field in fields if fields[field] != known.get(field)):
                about.left_out(
                    field_name, fields[field_name], f"It differs from the one of {server_of(first)}, which holds."
                )
            about.approximated("", "", f"One connector serves every node: it is the one of {server_of(first)}.")
            return
        same = self._same_clients(fields) if is_readable(fields, given) else ""
        made = self.building.put("receive_connectors", fields, about, object_id=same)
        if made:
            self._made[name] = (given, fields)

    def _same_clients(self, fields: Given) -> str:
        """The connector of ours that serves the same clients on the same binding: two could not."""
        bindings, ranges = set(fields.get("bindings", ("smtp",))), set(fields.get("remote_ip_ranges", ()))
        ranges = ranges or {"0.0.0.0/0", "::/0"}
        ours: dict[str, ReceiveConnector] = self.building.section("receive_connectors")
        return next(
            (
                one.id
                for one in ours.values()
                if bindings & set(one.bindings) and ranges & set(one.remote_ip_ranges) and one.id not in self._ids()
            ),
            "",
        )

    def _ids(self) -> set[str]:
        return {line.object_id for line in self.report.lines if line.kind == "receive_connectors"}

    def clients(self, seen: list[SeenClient]) -> list[Candidate]:
        """Who relays today and no policy of this draft admits: a policy for each group of them."""
        ours = [name for one in self.building.section("accepted_domains").values()
                for name in ((one.domain, f"*.{one.domain}") if one.match_subdomains else (one.domain,))]  # fmt: skip
        for client in seen:
            if not client.relayed(ours):
                self.report.about(LOG, f"{client.peer} on {client.connector}").left_out(
                    "",
                    list(client.sender_domains)[:5],
                    "It sent to our own domains only, or was refused: it needs no relay policy.",
                )
        found = candidates([one for one in seen if not self._may_go_on(one, ours)], ours=ours)
        for candidate in found:
            self._candidate(candidate)
        return found

    def _may_go_on(self, client: SeenClient, ours: list[str]) -> bool:
        """Whether a policy of this draft admits it as it sends today."""
        policies = self.building.section("relay_policies").values()
        for candidate in candidates([client], ours=ours):
            if by := policy_that_covers(candidate, policies):
                about = self.report.about(LOG, f"{client.peer} on {client.connector}")
                about.mapped("", _did(candidate), f"It may go on: {by} admits it.")
                return True
        return False

    def _candidate(self, candidate: Candidate) -> None:
        about = self.report.about(LOG, ", ".join(candidate.networks)[:120])
        note = f"A relay policy for what it did. Last seen {candidate.last_at or 'at an unknown time'}."
        if candidate.identities:
            note += f" Signed in as {', '.join(candidate.identities[:5])}"
            note += ": so it has to here." if candidate.is_always_signed_in else ": ask for sign-in where it can go on."
        if not candidate.sender_domains:
            note += f" {ONLY_NULL}"
        if candidate.suggested:
            note += f" Several are in {', '.join(candidate.suggested)}: name the network if all of it is theirs."
        about.approximated("", _did(candidate), note)
        self.building.put("relay_policies", policy_of(candidate, owner=self._owner, where="Exchange"), about)


def _did(candidate: Candidate) -> str:
    return f"{candidate.relayed} recipients as {', '.join(candidate.sender_domains) or 'the null sender'}"
