"""Impact: recorded attempts decided again under both documents; only those whose answer differs are told."""

from __future__ import annotations

from dataclasses import replace as changed_decision
from datetime import timedelta

import pytest

from mailconsole.changes import recorded
from mailconsole.changes.impact.answer import NOT_TOLD
from mailconsole.changes.impact.replay import replay
from mailconsole.changes.impact.report import Report
from mailconsole.changes.recorded import RecordedDecision, Sample
from tests.mailconsole.changes.kit import NOW
from tests.transport.config.documents import SCANNERS, changed, document
from transport.ports.recipients import EntryKind, RecipientEntry

REFUSED = RecordedDecision(
    at=NOW - timedelta(hours=1),
    peer="10.1.2.3",
    connector_id="default",
    sender="scan@contoso.com",
    recipient="someone@partner.example",
    binding="smtp",
    reply="550 5.7.1 Unable to relay",
)
OPEN = changed(SCANNERS, sender_addresses=[])
CONTOSO = {"id": "contoso", "name": "Contoso", "domain": "contoso.com"}


def impact(decisions, before, after) -> Report:
    sample = Sample(decisions, len(decisions), "all of them")
    report = replay(sample, before=before, after=after, since=NOW - timedelta(days=7), now=NOW)
    assert Report.from_json(report.to_json()) == report
    return report


def by(report, name):
    return report.grouping(name).groups


@pytest.fixture(autouse=True)
def nothing_plugged(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})


def test_replay__largest_message_of_the_organisation__closes_for_what_is_larger_alone():
    small = RecordedDecision(NOW, "10.1.2.3", "default", "a@x.example", "anna@contoso.com", "smtp", size_bytes=500)
    after = document(accepted_domains=[CONTOSO], organization={"max_receive_size": "1 KB"})
    found = impact([small, changed_decision(small, size_bytes=2000)], document(accepted_domains=[CONTOSO]), after)
    (group,) = by(found, "rule")
    assert (found.closed, group.count, group.after) == (1, 1, "refused: 552 5.2.3 Message too large for this recipient")


def test_replay__strangers_with_a_sender_of_ours__are_told_by_their_senders():
    ours = RecordedDecision(NOW, "10.1.2.3", "default", "boss@contoso.com", "anna@contoso.com", "smtp")
    before = document(accepted_domains=[CONTOSO])
    closed = [one.model_dump(mode="json") for one in before.receive_connectors]
    closed = [one | {"is_authoritative_domain_sender_accepted": False} for one in closed]
    after = document(accepted_domains=[CONTOSO], receive_connectors=closed)
    found = impact([ours, changed_decision(ours, sender="a@x.example")], before, after)
    (group,) = by(found, "sender")
    assert (found.closed, group.label, group.count) == (1, "contoso.com", 1)


def test_replay__relay_of_our_own__is_no_longer_refused_for_its_own_address():
    relay = RecordedDecision(
        NOW, "10.1.2.3", "default", "a@x.example", "anna@contoso.com", "smtp", reply="554 5.7.1 no"
    )
    lists = {"accepted_domains": [CONTOSO], "ip_block_list": [{"network": "10.1.2.0/24"}]}
    after = document(**lists, organization={"internal_smtp_servers": ["10.1.2.3"]})
    found = impact([relay, changed_decision(relay, peer="10.1.2.4")], document(**lists), after)
    (group,) = by(found, "client")
    assert (found.opened, group.label, group.after) == (1, "10.1.2.3", "accepted")


def test_replay__policy_that_admits__turns_the_refusal_into_an_acceptance():
    found = impact([REFUSED] * 4, document(), document(relay_policies=[OPEN]))
    (group,) = by(found, "client")
    assert (group.label, group.count, found.sample, found.opened) == ("10.1.2.3", 4, 4, 4)
    assert (group.before, group.after, group.aspect) == ("refused: 550 5.7.1 Unable to relay", "accepted", "verdict")
    assert found.distinct == 2  # let in, and relayed
    assert [one.label for one in by(found, "sender")] == ["contoso.com"]
    assert [one.label for one in by(found, "rule")] == ["Relay policy Scanners"]
    example = group.examples[0]
    assert [line.name for line in example.after_trail if line.answer == "yes"][-1] == "Scanners"


def test_replay__blocked_client__turns_the_acceptance_into_a_refusal():
    accepted = RecordedDecision(NOW, "10.1.2.3", "default", "", "a@contoso.com")
    before = document(accepted_domains=[CONTOSO])
    after = document(accepted_domains=[CONTOSO], ip_block_list=[{"network": "10.0.0.0/8"}])
    found = impact([accepted], before, after)
    (group,) = by(found, "sender")
    assert (group.before, group.is_opening, group.label, found.closed) == ("accepted", False, "<>", 1)
    assert group.after.startswith("refused, connection closed: 554")
    assert by(found, "rule")[0].label == "IP block list 10.0.0.0/8"


def test_replay__nothing_that_matters_changed__lists_nothing_but_says_the_sample():
    found = impact([REFUSED], document(), document(organization={"name": "Other"}))
    assert (by(found, "client"), found.sample, found.count) == ((), 1, 0)


def test_replay__attempt_that_cant_be_asked_again__is_counted_apart():
    hostile = [
        RecordedDecision(NOW, "not an address", "default", "", ""),
        RecordedDecision(NOW, "10.1.2.3", "default", "<<>>", "x@y"),
    ]
    found = impact(hostile, document(), document(relay_policies=[OPEN]))
    assert (found.count, found.unasked, found.sample) == (0, 2, 2)


def test_replay__unknown_then__stays_unknown():
    unknown = RecordedDecision(NOW, "10.1.2.3", "default", "", "a@contoso.com", reply="550 5.1.1 User unknown")
    domain = CONTOSO | {"domain_type": "Authoritative"}
    relaxed = domain | {"domain_type": "InternalRelay"}
    found = impact([unknown], document(accepted_domains=[domain]), document(accepted_domains=[relaxed]))
    assert by(found, "client")[0].before == "refused: 550 5.1.1 User unknown"


def test_replay__directory__answers_where_it_can():
    recorded.register_directory(lambda: lambda address: None)
    accepted = RecordedDecision(NOW, "10.1.2.3", "default", "", "nobody@contoso.com")
    strict = CONTOSO | {"domain_type": "Authoritative"}
    found = impact([accepted], document(accepted_domains=[CONTOSO]), document(accepted_domains=[strict]))
    (group,) = by(found, "client")
    assert (group.before, group.after) == ("accepted", "refused: 550 5.1.1 User unknown")


def test_replay__directory_user__owns_what_the_directory_says():
    recorded.register_owners(lambda: lambda identity: ("anna@contoso.com",) if identity == "anna@corp.example" else ())
    free = {"id": "sub", "name": "Submission", "bindings": ["submission"], "sender_ownership": "none",
            "permission_groups": ["ExchangeUsers"]}  # fmt: skip
    strict = free | {"sender_ownership": "envelope"}
    sent = [
        RecordedDecision(NOW, "10.1.2.3", "sub", sender, "x@contoso.com", "submission", identity=identity)
        for identity, sender in (
            ("anna@corp.example", "anna@contoso.com"),
            ("anna@corp.example", "ben@contoso.com"),
            ("unknown@corp.example", "who@contoso.com"),
        )
    ]
    domains = [CONTOSO | {"domain_type": "InternalRelay"}]
    before, after = (document(accepted_domains=domains, receive_connectors=[one]) for one in (free, strict))
    (group,) = by(impact(sent, before, after), "client")
    assert (group.before, group.count) == ("accepted", 1) and group.after.startswith("refused: 550 5.7.60")
    assert group.examples[0].sender == "ben@contoso.com"


def test_replay__limit_of_somebodys_own__hits_what_they_send_to_ours_and_outside():
    recorded.register_owners(lambda: lambda identity: (f"{identity}@contoso.com",))
    users = {"id": "sub", "name": "Submission", "bindings": ["submission"], "sender_ownership": "none",
             "permission_groups": ["ExchangeUsers"]}  # fmt: skip
    sent = [
        RecordedDecision(NOW, "10.1.2.3", "sub", "x@y.example", to, "submission", identity=identity, size_bytes=size)
        for identity, size in (("anna", 2000), ("anna", 1000), ("ben", 2000), ("", 2000))
        for to in ("c@contoso.com", "c@partner.example")
    ]
    parts = {"accepted_domains": [CONTOSO], "receive_connectors": [users], "relay_policies": [OPEN]}
    anna = {"id": "anna", "name": "Anna", "address": "anna@contoso.com", "max_send_size": "1 KB"}
    found = impact(sent, document(**parts), document(**parts, recipients=[anna]))
    (group,) = by(found, "rule")
    assert (found.closed, group.count) == (2, 2)
    assert (group.label, group.after) == ("Recipient Anna", "refused: 552 5.3.4 Message size exceeds fixed limit")


def test_replay__another_send_connector__changes_the_route():
    sent = [RecordedDecision(NOW, "10.1.2.3", "default", "scan@contoso.com", f"a@{one}.example") for one in "abc"]
    internet = {"id": "internet", "name": "Internet", "address_spaces": [{"domain": "*"}]}
    partner = {"id": "partner", "name": "Partner", "address_spaces": [{"domain": "b.example"}],
               "smart_hosts": ["mx.partner.example"]}  # fmt: skip
    before = document(relay_policies=[OPEN], send_connectors=[internet])
    after = document(relay_policies=[OPEN], send_connectors=[internet, partner])
    found = impact(sent, before, after)
    (group,) = by(found, "rule")
    assert (group.aspect, group.label, group.count) == ("route", "Send connector Partner", 1)
    assert (group.before, group.after) == ("Internet (by DNS)", "Partner (smart host mx.partner.example)")
    assert found.counts == {"route": 1}


def test_replay__forwarding__changes_who_gets_it():
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "anna@contoso.com")
    anna = {"id": "anna", "name": "Anna", "address": "anna@contoso.com"}
    away = anna | {"forwarding_address": "ben@contoso.com"}
    before, after = (document(accepted_domains=[CONTOSO], recipients=[one]) for one in (anna, away))
    (group,) = by(impact([sent], before, after), "rule")
    assert (group.aspect, group.before, group.after) == ("recipients", "anna@contoso.com", "ben@contoso.com")
    assert group.label == "Recipient anna@contoso.com", "not what only follows from it"


def test_replay__connector_that_asks_for_more__is_named_and_not_what_granted_it():
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "scan@contoso.com", "a@partner.example", binding="smtp")
    closed = {"id": "default", "name": "Default", "bindings": ["smtp"], "permission_groups": ["ExchangeUsers"]}
    before, after = document(relay_policies=[OPEN]), document(relay_policies=[OPEN], receive_connectors=[closed])
    for one, other in ((before, after), (after, before)):
        found = impact([sent], one, other)
        assert ([group.label for group in by(found, "rule")], found.count) == (["Receive connector Default"], 1)


def test_replay__member_of_a_group_that_hides_them__is_counted_and_not_named():
    group = RecipientEntry(
        "secret@contoso.com", EntryKind.GROUP, "secret@contoso.com", members=("mole@contoso.com", "spy@contoso.com")
    )
    recorded.register_directory(lambda: {"secret@contoso.com": group}.get)
    recorded.register_hiding(lambda keys: frozenset({"secret@contoso.com"}) & frozenset(keys))
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "secret@contoso.com")
    mole = {"id": "mole", "name": "Mole", "address": "mole@contoso.com", "forwarding_address": "agent@out.example"}
    before = document(accepted_domains=[CONTOSO])
    after = document(accepted_domains=[CONTOSO], recipients=[mole])
    report = impact([sent], before, after)
    assert report.count == 0, "a draft would tell who is a member"
    away = {"id": "x", "name": "X", "address": "a@contoso.com", "forwarding_address": "secret@contoso.com"}
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "b@out.example", "a@contoso.com")
    report = impact([sent], before, document(accepted_domains=[CONTOSO], recipients=[away]))
    (group,) = by(report, "rule")
    assert (group.before, group.after) == ("a@contoso.com", "2 members of secret@contoso.com")
    for word in ("mole", "spy", "agent"):
        assert word not in str(report.to_json())


def test_replay__restricted_recipient__is_asked_for_each_sender():
    senders = ("ceo@contoso.com", "b@out.example", "c@out.example")
    sent = [RecordedDecision(NOW, "10.1.2.3", "default", one, "all@contoso.com") for one in senders]
    everybody = {"id": "all", "name": "All", "address": "all@contoso.com", "members": ["anna@contoso.com"],
                 "is_sender_authentication_required": False}  # fmt: skip
    closed = everybody | {"accept_messages_only_from": ["ceo@contoso.com"]}
    before, after = (document(accepted_domains=[CONTOSO], distribution_groups=[one]) for one in (everybody, closed))
    found = impact(sent, before, after)
    (group,) = by(found, "sender")
    assert (group.label, group.count) == ("out.example", 2)


def test_replay__policy_of_office_hours__is_asked_for_the_time_of_each_attempt():
    night = changed(OPEN, time_windows=["Mon-Sun 20:00-22:00"], timezone="UTC")
    times = (NOW.replace(hour=hour) - timedelta(days=1) for hour in (9, 21))
    sent = [RecordedDecision(at, "10.1.2.3", "default", "s@contoso.com", "a@b.example", reply="550 no") for at in times]
    found = impact(sent, document(), document(relay_policies=[night]))
    (group,) = by(found, "client")
    assert (group.count, group.examples[0].moment.hour) == (1, 21)
    assert "T21%3A" in group.examples[0].explain_url, "explained for the time of then, or it says otherwise"


def test_replay__got_another_answer_then__is_said():
    lucky = RecordedDecision(NOW, "10.1.2.3", "default", "scan@contoso.com", "someone@partner.example")
    assert impact([lucky, REFUSED], document(), document()).otherwise_then == 1


RULE = {"id": "stamp", "name": "Stamp", "conditions": [{"kind": "SubjectContainsWords", "values": ["invoice"]}],
        "actions": [{"kind": "LogEventText", "text": "seen"}]}  # fmt: skip


def test_replay__mail_flow_rule__changes_what_is_done_with_the_message():
    sent = [
        RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "anna@contoso.com", "smtp", subject=one)
        for one in ("Your invoice", "Hello")
    ]
    before = document(accepted_domains=[CONTOSO])
    found = impact(sent, before, document(accepted_domains=[CONTOSO], mail_flow_rules=[RULE]))
    (group,) = by(found, "rule")
    assert (group.aspect, group.label, group.count) == ("actions", "Mail flow rule Stamp", 1)
    assert (group.before, found.untold) == ("no rule acts", {}) and group.after.startswith("Stamp: ")


REJECT = RULE | {"actions": [{"kind": "RejectMessage", "status": "5.7.1", "text": "No invoices"}]}


def test_replay__rule_that_rejects__closes_and_its_removal_opens():
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "anna@contoso.com", subject="An invoice")
    free, closed = (document(accepted_domains=[CONTOSO], mail_flow_rules=one) for one in ([], [REJECT]))
    found = impact([sent], free, closed)
    (group,) = by(found, "rule")
    assert (group.aspect, group.label, found.closed) == ("verdict", "Mail flow rule Stamp", 1)
    assert (group.before, group.after) == ("accepted", "refused: 550 5.7.1 No invoices")
    assert [line.name for line in group.examples[0].after_trail][-1] == "Stamp"
    again = impact([sent], closed, free)
    assert (again.opened, again.counts) == (1, {"verdict": 1})


def test_replay__policy_that_admits_what_a_rule_rejects__opens_nothing():
    invoice = changed_decision(REFUSED, subject="An invoice")
    rules = {"mail_flow_rules": [REJECT]}
    found = impact(
        [invoice, changed_decision(REFUSED, subject="Hi")], document(**rules), document(relay_policies=[OPEN], **rules)
    )
    assert (found.opened, found.count) == (1, 2)
    assert {one.after for one in by(found, "client")} == {"accepted", "refused: 550 5.7.1 No invoices"}


def test_replay__rule_that_names_the_connector__decides_the_way():
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "anna@contoso.com", subject="An invoice")
    by_rule = RULE | {"actions": [{"kind": "RouteMessageOutboundConnector", "values": ["archive"]}]}
    archive = {"id": "archive", "name": "Archive", "address_spaces": [{"domain": "none.example"}],
               "smart_hosts": ["192.0.2.1"]}  # fmt: skip
    usual = {"id": "usual", "name": "Usual", "address_spaces": [{"domain": "*"}], "smart_hosts": ["192.0.2.2"]}

    def with_hosts(first, second):
        connectors = [archive | {"smart_hosts": [first]}, usual | {"smart_hosts": [second]}]
        return document(accepted_domains=[CONTOSO], mail_flow_rules=[by_rule], send_connectors=connectors)

    before = with_hosts("192.0.2.1", "192.0.2.2")
    (group,) = by(impact([sent], before, with_hosts("192.0.2.9", "192.0.2.2")), "rule")
    assert (group.aspect, group.before, group.after) == (
        "route", "Archive (smart host 192.0.2.1)", "Archive (smart host 192.0.2.9)")  # fmt: skip
    assert impact([sent], before, with_hosts("192.0.2.1", "192.0.2.9")).count == 0, "it does not go that way"


def test_replay__client_certificate__is_what_the_policy_asks_for():
    mark = "ab" * 32
    certified = changed(OPEN, networks=[], client_certificates=[mark])
    one = changed_decision(REFUSED, tls="TLSv1.3 X", certificate=mark)
    other = changed_decision(one, certificate="cd" * 32)
    found = impact([one, other, REFUSED], document(), document(relay_policies=[certified]))
    assert (found.opened, found.count) == (1, 1)
    url = by(found, "client")[0].examples[0].explain_url
    assert f"certificate={mark}" in url and "&at=" not in url


def test_replay__rule_about_the_body__says_that_it_cant_be_told():
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "a@out.example", "anna@contoso.com", subject="Hello")
    looks = RULE | {"conditions": [{"kind": "AttachmentNameMatchesPatterns", "values": ["\\.exe$"]}]}
    before = document(accepted_domains=[CONTOSO])
    found = impact([sent], before, document(accepted_domains=[CONTOSO], mail_flow_rules=[looks]))
    assert (found.count, found.untold) == (0, {"Stamp": 1})


SECRET = "secret@contoso.com"
MEMBERSHIP = RULE | {
    "sender_address_location": "Envelope",
    "conditions": [{"kind": "FromMemberOf", "values": [SECRET]}],
}


def hidden_group(*members):
    recorded.register_directory(lambda: {SECRET: RecipientEntry(SECRET, EntryKind.GROUP, SECRET, members=members)}.get)
    recorded.register_hiding(lambda keys: frozenset({SECRET}) & frozenset(keys))


@pytest.mark.parametrize("members", [("mole@contoso.com",), ("x@contoso.com",)])
def test_replay__rule_about_a_hidden_group__is_counted_as_not_told_whoever_is_inside(members):
    hidden_group(*members)
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "mole@contoso.com", "anna@contoso.com")
    before = document(accepted_domains=[CONTOSO | {"domain_type": "InternalRelay"}])
    after = before.model_copy(update={"mail_flow_rules": document(mail_flow_rules=[MEMBERSHIP]).mail_flow_rules})
    found = impact([sent], before, after)
    assert (found.count, found.untold, found.withheld_rules) == (0, {}, {"Stamp": 1})


@pytest.mark.parametrize("members", [("mole@contoso.com",), ("x@contoso.com",)])
def test_replay__recipient_restricted_to_a_hidden_group__is_neither_opened_nor_closed(members):
    hidden_group(*members)
    sent = RecordedDecision(NOW, "10.1.2.3", "default", "mole@contoso.com", "anna@contoso.com")
    anna = {"id": "anna", "name": "Anna", "address": "anna@contoso.com"}
    closed = anna | {"accept_messages_only_from": [SECRET]}
    documents = [document(accepted_domains=[CONTOSO], recipients=[one]) for one in (anna, closed)]
    for before, after in (documents, documents[::-1]):
        found = impact([sent], before, after)
        assert (found.withheld, found.opened, found.closed, found.otherwise_then) == (1, 0, 0, 0)
        (group,) = by(found, "rule")
        assert {group.before, group.after} == {"accepted", NOT_TOLD}


def test_replay__audit_severity_and_notification_of_a_rule__are_told_where_they_differ():
    accepted = RecordedDecision(NOW, "10.1.2.3", "default", "", "a@contoso.com")
    noting = {"id": "n", "name": "Note", "actions": [{"kind": "LogEventText", "text": "x"}]}
    telling = noting | {"actions": [*noting["actions"], {"kind": "GenerateNotification", "text": "one\n\ntwo " * 90}]}
    before = document(accepted_domains=[CONTOSO], mail_flow_rules=[noting])
    found = impact([accepted], before, document(accepted_domains=[CONTOSO], mail_flow_rules=[
        noting | {"set_audit_severity": "High"}]))  # fmt: skip
    (group,) = by(found, "rule")
    assert group.after == "Note: note “x” in the trace; audit severity High"
    (group,) = by(impact([accepted], before, document(accepted_domains=[CONTOSO], mail_flow_rules=[telling])), "rule")
    assert "tell its recipients “one / two one / two" in group.after and len(group.after) < 200
