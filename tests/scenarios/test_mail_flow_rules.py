"""Each action of a mail flow rule, on a whole node in this process with real sinks."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from directory.model import RecipientKind
from directory.snapshot_writer import publish
from mailconsole.runtime.directory_lookup import DirectoryLookup
from tests.directory.entries import a_recipient, guid_of
from tests.scenarios.test_relay import without_trace
from tests.support.sink import Sink
from tests.support.transport import Transport, document
from transport.config.document import MailFlow
from transport.model.event import EventId, TrackingEvent
from transport.ports.node import Ports

HEADER = b"From: a@acme.example\r\nTo: b@partner.example\r\nSubject: hello\r\nX-App: erp\r\n"
BODY = HEADER + b"\r\n.dot\r\ntext\r\n"


def rule(*actions: dict[str, Any], name: str = "R", **fields: Any) -> dict[str, Any]:
    return {"id": name.lower().replace(" ", "-"), "name": name, "actions": actions} | fields


def ruled(sink: Sink, *rules: dict[str, Any], **sections: Any) -> MailFlow:
    return document(sink, relay_from="127.0.0.0/8", mail_flow_rules=rules, **sections)


@contextlib.contextmanager
def relay(tmp_path: Any, config: MailFlow) -> Any:
    with Transport(tmp_path, config) as transport:
        yield transport


def send(transport: Transport, body: bytes = BODY, to: tuple[str, ...] = ("b@partner.example",)) -> Any:
    return transport.send("a@acme.example", list(to), body)


def told(transport: Transport, event: EventId) -> list[TrackingEvent]:
    return [one for one in transport.events() if one.event is event]


def test_reject__message_that_fits__is_refused_at_the_end_of_data(tmp_path, sink):
    asked = [{"kind": "SubjectContainsWords", "values": ["hello"]}]
    action = {"kind": "RejectMessage", "status": "5.7.911", "text": "No greetings"}
    with relay(tmp_path, ruled(sink, rule(action, conditions=asked))) as transport:
        assert str(send(transport).last) == "550 5.7.911 No greetings"
        assert send(transport, BODY.replace(b"hello", b"bye")).is_accepted
        assert sink.wait_for(1)[0].rcpt_to == ("b@partner.example",)
        (refused,) = told(transport, EventId.REFUSE)
        assert "mail flow rule R fits" in refused.reason
        assert [row[:4] for row in refused.detail["trail"]] == [["mail_flow_rules", "r", "R", "yes"]]


def test_reject__with_a_status_that_passes__is_refused_for_now(tmp_path, sink):
    action = {"kind": "RejectMessage", "status": "4.7.1", "text": "Not in office hours"}
    with relay(tmp_path, ruled(sink, rule(action))) as transport:
        assert str(send(transport).last) == "451 4.7.1 Not in office hours"
        sink.wait_until(lambda: told(transport, EventId.REFUSE))
        assert told(transport, EventId.REFUSE)[0].detail["trail"][0][3] == "yes"


def test_delete__message_that_fits__is_accepted_and_goes_nowhere(tmp_path, sink):
    with relay(tmp_path, ruled(sink, rule({"kind": "DeleteMessage"}))) as transport:
        assert send(transport, to=("b@partner.example", "c@partner.example")).is_accepted
        sink.wait_until(lambda: len(told(transport, EventId.FAIL)) == 2)
        failed = told(transport, EventId.FAIL)
        assert sorted(one.recipient for one in failed) == ["b@partner.example", "c@partner.example"]
        assert "The mail flow rule R removed it" in failed[0].reason
        assert not told(transport, EventId.DSN)
        transport.reload(ruled(sink))
        assert send(transport, to=("d@partner.example",)).is_accepted
        assert sink.wait_for(1)[0].rcpt_to == ("d@partner.example",)


def test_redirect__message_that_fits__goes_to_another_and_is_marked(tmp_path, sink):
    action = {"kind": "RedirectMessageTo", "values": ["boss@acme.example"]}
    groups = [{"id": "boss", "name": "Boss", "address": "boss@acme.example", "members": ["x@y.example", "z@y.example"],
               "is_sender_authentication_required": False}]  # fmt: skip
    with relay(tmp_path, ruled(sink, rule(action), distribution_groups=groups)) as transport:
        assert send(transport).is_accepted
        received = sink.wait_for(1)[0]
        assert sorted(received.rcpt_to) == ["x@y.example", "z@y.example"]
        assert without_trace(received.data) == b"X-Mailconsole-Rules-Loop: 1\r\n" + BODY
        (redirected,) = told(transport, EventId.REDIRECT)
        assert (redirected.recipient, redirected.detail["to"]) == ("b@partner.example", ["boss@acme.example"])


def test_redirect__to_ourselves_again_and_again__ends(tmp_path, sink):
    """A next hop that hands back what it gets: the mark ends it, long before the hops do."""
    action = {"kind": "RedirectMessageTo", "values": ["boss@partner.example"]}
    with relay(tmp_path, ruled(sink, rule(action))) as transport:
        body = BODY
        for count in range(1, 4):
            assert send(transport, body).is_accepted
            body = sink.wait_for(count)[-1].data
        assert str(send(transport, body).last).startswith("550 5.4.6")


def test_copies__of_each_kind__are_delivered_and_named_as_they_should(tmp_path, sink):
    actions = [
        {"kind": "BlindCopyTo", "values": ["bcc@arc.example"]},
        {"kind": "AddToRecipients", "values": ["to@arc.example"]},
        {"kind": "CopyTo", "values": ["cc@arc.example"]},
    ]
    with relay(tmp_path, ruled(sink, rule(*actions))) as transport:
        assert send(transport).is_accepted
        received = sink.wait_for(1)[0]
        assert set(received.rcpt_to) == {"b@partner.example", "bcc@arc.example", "to@arc.example", "cc@arc.example"}
        assert b"To: b@partner.example,\r\n\t<to@arc.example>\r\n" in received.data
        assert b"Cc: <cc@arc.example>\r\n" in received.data
        assert b"bcc@" not in received.data


def test_header__set_removed_and_subject_prefixed__rest_arrives_octet_for_octet(tmp_path, sink):
    actions = [
        {"kind": "SetHeader", "header": "X-Checked", "text": "yes"},
        {"kind": "RemoveHeader", "header": "X-App"},
        {"kind": "PrependSubject", "text": "[Außen]"},
    ]
    with relay(tmp_path, ruled(sink, rule(*actions))) as transport:
        assert send(transport).is_accepted
        arrived = without_trace(sink.wait_for(1)[0].data)
        assert arrived == (
            b"X-Checked: yes\r\nFrom: a@acme.example\r\nTo: b@partner.example\r\n"
            b"Subject: =?utf-8?B?W0F1w59lbl0g?= hello\r\n\r\n.dot\r\ntext\r\n"
        )
        (received,) = told(transport, EventId.RECEIVE)  # what hits are counted by
        assert [row[:4] for row in received.detail["trail"]][-1] == ["mail_flow_rules", "r", "R", "yes"]
        (changed,) = told(transport, EventId.AGENT_INFO)
        assert (changed.detail["rule"], changed.detail["is_done"], len(changed.detail["actions"])) == ("r", True, 3)


def test_importance__set_where_priority_queuing_is_on__orders_the_queue(tmp_path, sink):
    with relay(tmp_path, ruled(sink, rule({"kind": "SetImportance", "values": ["High"]}))) as transport:
        assert send(transport).is_accepted
        assert b"Importance: High\r\n" in sink.wait_for(1)[0].data


def test_require_tls__next_hop_without_tls__mail_waits_and_says_why(tmp_path, sink):
    with relay(tmp_path, ruled(sink, rule({"kind": "RouteMessageOutboundRequireTls"}))) as transport:
        assert send(transport).is_accepted
        sink.wait_until(lambda: bool(told(transport, EventId.DEFER)))
        assert not sink.received
        assert "mail flow rule wants it over TLS" in told(transport, EventId.DEFER)[0].reason


def test_route__by_a_connector_that_serves_another_domain__goes_that_way(tmp_path, sink):
    with Sink() as other:
        config = ruled(sink, rule({"kind": "RouteMessageOutboundConnector", "values": ["side"]}))
        spaces = [{"domain": "nowhere.example"}]
        side = {"id": "side", "name": "Side", "address_spaces": spaces, "smart_hosts": [f"{other.host}:{other.port}"]}
        config = MailFlow.model_validate(config.model_dump() | {"send_connectors": (*config.send_connectors, side)})
        with relay(tmp_path, config) as transport:
            assert send(transport).is_accepted
            assert other.wait_for(1)[0].rcpt_to == ("b@partner.example",)
            assert not sink.received


def test_notify__sender_of_a_message_that_fits__is_told_and_nothing_automatic_is(tmp_path, sink):
    with relay(tmp_path, ruled(sink, rule({"kind": "NotifySender", "text": "Mind the gap"}))) as transport:
        assert send(transport).is_accepted
        notice = next(one for one in sink.wait_for(2) if one.mail_from == "")
        assert notice.rcpt_to == ("a@acme.example",)
        assert b"Mind the gap" in notice.data
        assert b"Auto-Submitted: auto-replied" in notice.data
        assert send(transport, b"Auto-Submitted: auto-generated\r\n" + BODY).is_accepted
        assert [one.mail_from for one in sink.wait_for(3)].count("") == 1


def test_report__of_a_test__goes_to_whom_the_rule_names_and_the_message_arrives_as_it_came(tmp_path, sink):
    action = {"kind": "GenerateIncidentReport", "values": ["audit@acme.example", "boss@acme.example"]}
    with relay(tmp_path, ruled(sink, rule(action, name="Watch", mode="AuditAndNotify"))) as transport:
        body = b"Auto-Submitted: auto-generated\r\n" + BODY
        assert send(transport, body).is_accepted
        received = sink.wait_for(2)
        report = next(one for one in received if one.mail_from == "")
        assert set(report.rcpt_to) == {"audit@acme.example", "boss@acme.example"}
        lines = report.data.split(b"\r\n")
        assert {b"Subject: Mail flow rule Watch: report of a message", b"Sender: a@acme.example", b"Subject: hello",
                b"Recipients: b@partner.example"} <= set(lines)  # fmt: skip
        assert b"It would have done" in report.data
        assert without_trace(next(one for one in received if one.mail_from).data) == body
        infos = [one.reason for one in told(transport, EventId.AGENT_INFO)]
        assert "The mail flow rule Watch reported it to audit@acme.example, boss@acme.example." in infos


def test_notify_and_report__of_a_message_to_a_group_with_an_owner__are_about_it_as_it_came(tmp_path, sink):
    """Categorizing makes of it a message of the owner's to the members, under an address that the outside sees."""
    actions = [{"kind": "NotifySender", "text": "Mind the gap"},
               {"kind": "GenerateIncidentReport", "values": ["audit@acme.example"]}]  # fmt: skip
    members = ["m0@out.example", "m1@out.example"]
    staff = {"id": "s", "name": "Staff", "address": "staff@acme.example", "owner_address": "boss@acme.example",
             "is_sender_authentication_required": False, "members": members}  # fmt: skip
    seen = {"id": "r", "name": "Seen", "internal_address": "acme.example", "external_address": "seen.example",
            "is_outbound_only": True}  # fmt: skip
    config = ruled(sink, rule(*actions), distribution_groups=[staff], address_rewriting=[seen])
    with relay(tmp_path, config) as transport:
        assert send(transport, BODY, to=("staff@acme.example",)).is_accepted
        received = {one.rcpt_to[0]: one for one in sink.wait_for(3)}
        assert received["m0@out.example"].mail_from == "boss@seen.example"
        assert b"Mind the gap" in received["a@acme.example"].data
        report = received["audit@acme.example"].data.split(b"\r\n")
        assert {b"Sender: a@acme.example", b"Recipients: staff@acme.example"} <= set(report)
        assert send(transport, BODY, to=("staff@acme.example", "b@acme.example")).is_accepted
        report = [one for one in sink.wait_for(7) if one.rcpt_to == ("audit@acme.example",)][1].data
        assert b"Recipients: staff@acme.example, b@acme.example\r\n" in report


def test_report__of_a_deleted_message_of_the_null_sender__is_sent_within_the_limit(tmp_path, sink):
    actions = [{"kind": "DeleteMessage"}, {"kind": "GenerateIncidentReport", "values": ["audit@acme.example"]}]
    strict = {"hostname": "relay.test", "dsn_rate_limit_per_sender_per_hour": 1}
    with relay(tmp_path, ruled(sink, rule(*actions), organization=strict)) as transport:
        for _ in range(2):
            assert transport.send("", ["b@partner.example"], BODY).is_accepted
        assert [one.rcpt_to for one in sink.wait_for(1)] == [("audit@acme.example",)]
        sink.wait_until(lambda: told(transport, EventId.SUPPRESSED))
        assert b"Sender: the null sender" in sink.wait_for(1)[0].data


def test_hold__message_that_fits__waits_for_an_operator(tmp_path, sink):
    with relay(tmp_path, ruled(sink, rule({"kind": "HoldMessage"}, name="Check it"))) as transport:
        assert send(transport).is_accepted
        (held,) = told(transport, EventId.SUSPEND)
        assert held.reason == "The mail flow rule Check it suspended it."
        transport.reload(ruled(sink))
        assert send(transport, to=("free@partner.example",)).is_accepted
        assert [one.rcpt_to for one in sink.wait_for(1)] == [("free@partner.example",)]


def test_hold_and_delete__over_a_restart__are_neither_delivered_nor_lost(tmp_path, sink):
    asked = [{"kind": "SubjectContainsWords", "values": ["bye"]}]
    rules = [rule({"kind": "DeleteMessage"}, name="D", conditions=asked), rule({"kind": "HoldMessage"}, priority=1)]
    with relay(tmp_path, ruled(sink, *rules)) as transport:
        assert send(transport, BODY.replace(b"hello", b"bye")).is_accepted
        assert send(transport).is_accepted
    with relay(tmp_path, ruled(sink)) as transport:
        assert send(transport, to=("free@partner.example",)).is_accepted
        assert [one.rcpt_to for one in sink.wait_for(1)] == [("free@partner.example",)]
        sink.wait_until(lambda: transport.call(lambda: transport.service.snapshot().messages) == 1)
        assert len(sink.received) == 1


@pytest.mark.parametrize("mode", ["Audit", "AuditAndNotify"])
def test_test_mode__message_that_fits__arrives_as_it_came_and_the_trace_tells(tmp_path, sink, mode):
    actions = [{"kind": "RejectMessage", "text": "no"}, {"kind": "LogEventText", "text": "seen"}]
    with relay(tmp_path, ruled(sink, rule(*actions, mode=mode))) as transport:
        assert send(transport).is_accepted
        assert without_trace(sink.wait_for(1)[0].data) == BODY
        (found,) = told(transport, EventId.AGENT_INFO)
        assert "would have done" in found.reason
        assert found.detail["is_done"] is False


def test_defer__directory_that_cannot_answer__message_is_refused_for_now(tmp_path, sink):
    asked = [{"kind": "SentToMemberOf", "values": ["staff@acme.example"]}]
    action = {"kind": "LogEventText", "text": "x"}
    config = ruled(sink, rule(action, conditions=asked, rule_error_action="Defer"))
    internal = [{"id": "acme", "name": "a", "domain": "acme.example", "domain_type": "InternalRelay"}]
    config = MailFlow.model_validate(config.model_dump() | {"accepted_domains": internal})
    with relay(tmp_path, config) as transport:
        assert str(send(transport, to=("u@acme.example",)).last).startswith("451 4.3.0")
        sink.wait_until(lambda: bool(told(transport, EventId.REFUSE)))
        (refused,) = told(transport, EventId.REFUSE)
        assert "directory" in refused.reason


def test_rules__that_only_ask_the_envelope_and_say_no__leave_message_and_trace_alone(tmp_path, sink):
    asked = [{"kind": "SenderIPRanges", "values": ["192.0.2.0/24"]}]
    with relay(tmp_path, ruled(sink, rule({"kind": "DeleteMessage"}, conditions=asked))) as transport:
        assert send(transport).is_accepted
        assert without_trace(sink.wait_for(1)[0].data) == BODY
        assert not told(transport, EventId.AGENT_INFO)


def test_route_and_tls__of_a_message_that_waits__are_known_after_a_restart(tmp_path, sink):
    actions = [{"kind": "RouteMessageOutboundRequireTls"}, {"kind": "RouteMessageOutboundConnector", "values": ["out"]}]
    with relay(tmp_path, ruled(sink, rule(*actions))) as transport:
        assert send(transport).is_accepted
        sink.wait_until(lambda: bool(told(transport, EventId.DEFER)))
    with relay(tmp_path, ruled(sink)) as transport:
        (message_id,) = {one.message_id for one in told(transport, EventId.RECEIVE)}
        kept = transport.call(lambda: transport.service._parts.spool.read_message(message_id))
        assert (kept.ruled.connector_id, kept.ruled.is_tls_required) == ("out", True)
        assert "TlsRequired" in str(kept.recipients[0].next_hop)


def test_attributes__of_the_directorys_file__reject_mail_to_another_department(tmp_path, sink):
    anna = a_recipient("a", attributes=("Department=Sales",), manager_guid=guid_of("boss"))
    publish(tmp_path / "directory", [anna, a_recipient("boss", attributes=("Department=Board",))], read_at=0)
    asked = [
        {"kind": "SenderADAttributeContainsWords", "values": ["Department:Sales"]},
        {"kind": "ADAttributeNotEqual", "values": ["Department"]},
    ]
    excepted = [{"kind": "SenderManagementRelationship", "values": ["DirectReport"]}]
    action = {"kind": "RejectMessage", "text": "Ask your manager"}
    config = ruled(sink, rule(action, conditions=asked, exceptions=excepted))
    lookup = DirectoryLookup(tmp_path / "directory")
    with Transport(tmp_path, config, ports=Ports(recipients=lookup)) as transport:
        assert str(send(transport).last) == "550 5.7.1 Ask your manager"
        assert send(transport, to=("boss@acme.example",)).is_accepted
        assert sink.wait_for(1)[0].rcpt_to == ("boss@acme.example",)
        (refused,) = told(transport, EventId.REFUSE)
        assert "Department of a@acme.example contains “Sales”" in refused.reason


def test_manager__of_the_directorys_file__gets_it_too_and_strangers_have_none(tmp_path, sink):
    anna = a_recipient("a", manager_guid=guid_of("boss"))
    publish(tmp_path / "directory", [anna, a_recipient("boss")], read_at=0)
    config = ruled(sink, rule({"kind": "AddManagerAsRecipientType", "values": ["Cc"]}, rule_error_action="Defer"))
    with Transport(tmp_path, config, ports=Ports(recipients=DirectoryLookup(tmp_path / "directory"))) as transport:
        assert send(transport).is_accepted
        received = sink.wait_for(1)[0]
        assert set(received.rcpt_to) == {"b@partner.example", "boss@acme.example"}
        assert b"Cc: <boss@acme.example>\r\n" in received.data
        assert send(transport, BODY.replace(b"a@acme", b"x@acme")).is_accepted
        other = sink.wait_for(2)[1]
        assert (other.rcpt_to, without_trace(other.data)) == (
            ("b@partner.example",),
            BODY.replace(b"a@acme", b"x@acme"),
        )
        said = [one.reason for one in told(transport, EventId.AGENT_INFO)]
        assert "sender's manager too, named in Cc (boss@acme.example)" in said[0]
        assert "nobody is known as the manager: nothing is done" in said[1]


def test_manager__instead_of_the_recipients__gets_it_and_a_missing_directory_defers(tmp_path, sink):
    action = {"kind": "AddManagerAsRecipientType", "values": ["Redirect"]}
    config = ruled(sink, rule(action, rule_error_action="Defer"))
    publish(tmp_path / "directory", [a_recipient("a", manager_guid=guid_of("boss")), a_recipient("boss")], read_at=0)
    with Transport(tmp_path, config, ports=Ports(recipients=DirectoryLookup(tmp_path / "directory"))) as transport:
        assert send(transport).is_accepted
        assert sink.wait_for(1)[0].rcpt_to == ("boss@acme.example",)
        (redirected,) = told(transport, EventId.REDIRECT)
        assert (redirected.recipient, redirected.detail["to"]) == ("b@partner.example", ["boss@acme.example"])
    with relay(tmp_path / "other", config) as transport:
        assert str(send(transport).last).startswith("451 4.3.0")
        sink.wait_until(lambda: bool(told(transport, EventId.REFUSE)))
        (refused,) = told(transport, EventId.REFUSE)
        assert "AddManagerAsRecipientType: the directory cannot answer" in refused.reason


def test_between_members_and_character_set__of_the_message__reject_it_and_let_others_pass(tmp_path, sink):
    people = [a_recipient("a"), a_recipient("legal-one")]
    groups = [
        a_recipient(name, kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of(member),))
        for name, member in (("sales", "a"), ("legal", "legal-one"))
    ]
    publish(tmp_path / "directory", [*people, *groups], read_at=0)
    asked = [
        {"kind": "BetweenMemberOf", "values": ["legal@acme.example, sales@acme.example"]},
        {"kind": "ContentCharacterSetContainsWords", "values": ["koi8-r"]},
    ]
    config = ruled(sink, rule({"kind": "RejectMessage", "text": "A wall"}, conditions=asked))
    internal = [{"id": "acme", "name": "a", "domain": "acme.example", "domain_type": "InternalRelay"}]
    config = MailFlow.model_validate(config.model_dump() | {"accepted_domains": internal})
    body = BODY.replace(b"X-App", b"Content-Type: text/plain; charset=KOI8-R\r\nX-App")
    lookup = DirectoryLookup(tmp_path / "directory")
    with Transport(tmp_path, config, ports=Ports(recipients=lookup)) as transport:
        assert str(send(transport, body, to=("legal-one@acme.example",)).last) == "550 5.7.1 A wall"
        assert send(transport, to=("legal-one@acme.example",)).is_accepted
        assert send(transport, body).is_accepted
        sink.wait_until(lambda: bool(told(transport, EventId.REFUSE)))
        (refused,) = told(transport, EventId.REFUSE)
        assert "legal-one@acme.example of the other" in refused.reason


def test_notification__of_a_deleted_message__tells_its_recipients_what_it_was(tmp_path, sink):
    text = "Dear reader,\n\nwe deleted “%%Subject%%” of %%From%%.\n%%Headers%%\n"
    rules = rule({"kind": "DeleteMessage"}, {"kind": "GenerateNotification", "text": text}, name="No programs")
    with relay(tmp_path, ruled(sink, rules)) as transport:
        assert send(transport, to=("b@partner.example", "c@partner.example")).is_accepted
        notice = sink.wait_for(1)[0]
        assert (notice.mail_from, set(notice.rcpt_to)) == ("", {"b@partner.example", "c@partner.example"})
        lines = notice.data.split(b"\r\n")
        assert {b"To: undisclosed-recipients:;", b"Auto-Submitted: auto-generated", b"X-App: erp",
                "we deleted “hello” of a@acme.example.".encode()} <= set(lines)  # fmt: skip
        infos = [one.reason for one in told(transport, EventId.AGENT_INFO)]
        assert "The mail flow rule No programs told b@partner.example, c@partner.example." in infos


def test_notification__of_what_is_redirected__goes_to_whom_it_came_for_and_none_is_about_a_notice(tmp_path, sink):
    actions = [{"kind": "RedirectMessageTo", "values": ["boss@acme.example"]},
               {"kind": "GenerateNotification", "text": "See %%To%%"}]  # fmt: skip
    with relay(tmp_path, ruled(sink, rule(*actions))) as transport:
        assert send(transport).is_accepted
        received = {one.rcpt_to: one.data for one in sink.wait_for(2)}
        assert set(received) == {("boss@acme.example",), ("b@partner.example",)}
        notice = received["b@partner.example",]
        assert b"\r\nTo: <b@partner.example>\r\n" in notice and b"See b@partner.example\r\n" in notice
        assert send(transport, notice).is_accepted
        assert transport.send("", ["b@partner.example"], BODY).is_accepted
        assert [one.mail_from for one in sink.wait_for(4)].count("") == 2


def test_notification__in_a_test_mode__is_not_sent(tmp_path, sink):
    action = {"kind": "GenerateNotification", "text": "It is gone"}
    with relay(tmp_path, ruled(sink, rule(action, mode="AuditAndNotify"))) as transport:
        assert send(transport).is_accepted
        sink.wait_for(1)
        (found,) = told(transport, EventId.AGENT_INFO)
        assert "would have done (it is a test, AuditAndNotify): tell its recipients “It is gone”" in found.reason
        assert len(sink.received) == 1


def test_audit_severity__of_rules_that_fit__stands_in_their_events(tmp_path, sink):
    log = {"kind": "LogEventText", "text": "x"}
    rules = [
        rule(log, name="Grave", set_audit_severity="High"),
        rule(log, name="Tried", set_audit_severity="Low", mode="Audit", priority=1),
        rule(log, name="Silent", set_audit_severity="DoNotAudit", priority=2),
        rule(log, name="Plain", priority=3),
    ]
    with relay(tmp_path, ruled(sink, *rules)) as transport:
        assert send(transport).is_accepted
        sink.wait_for(1)
        found = {one.detail["name"]: one for one in told(transport, EventId.AGENT_INFO)}
        assert {name: one.detail.get("severity") for name, one in found.items()} == {
            "Grave": "High", "Tried": "Low", "Plain": None,
        }  # fmt: skip
        assert found["Grave"].reason.startswith("The mail flow rule Grave fits (audit severity High): ")
        (received,) = told(transport, EventId.RECEIVE)  # what hits are counted by
        assert [row[1] for row in received.detail["trail"]][-4:] == ["grave", "tried", "silent", "plain"]
