"""Transport rules of Exchange become mail flow rules; one that would take more than it did is disabled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailconsole.imports.exchange.importer import import_exchange
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from transport.config.document import initial_document
from transport.config.objects import MailFlowRule, RuleMode

BLOCK = {
    "Name": "Block programs",
    "State": "Enabled",
    "Mode": "Audit",
    "Priority": 3,
    "Comments": "asked by\nsecurity",
    "Conditions": [{"Name": "x"}],
    "FromScope": "NotInOrganization",
    "AttachmentExtensionMatchesWords": ["exe", "com"],
    "HeaderContainsMessageHeader": "X-App",
    "HeaderContainsWords": ["erp"],
    "MessageSizeOver": "10 MB (10,485,760 bytes)",
    "ExceptIfSenderDomainIs": ["contoso.com"],
    "ExceptIfAttachmentIsUnsupported": False,
    "RejectMessageReasonText": "No programs, bitte größer schreiben",
    "RejectMessageEnhancedStatusCode": "5.7.905",
    "StopRuleProcessing": True,
    "ExpiryDate": "2030-01-01T00:00:00Z",
    "SetAuditSeverity": "DoNotAudit",
    "RuleVersion": "14.0.0.0",
}

NOT_REJECTED = {"RejectMessageReasonText": None, "RejectMessageEnhancedStatusCode": None}


def imported(**fields: Any) -> Any:
    given = {name: value for name, value in (BLOCK | fields).items() if value is not None}
    return import_exchange([source("rules.json", json.dumps([given]))], onto=initial_document(), owner="IT")


def the_rule(done: Any) -> MailFlowRule:
    (rule,) = done.document.mail_flow_rules
    return rule


def test_rule__of_known_parts__means_the_same():
    done = imported()
    rule = the_rule(done)
    assert (rule.priority, rule.mode, rule.is_enabled, rule.stop_rule_processing) == (3, RuleMode.AUDIT, True, True)
    assert {(one.kind.value, one.header, one.values) for one in rule.conditions} == {
        ("FromScope", "", ("NotInOrganization",)),
        ("AttachmentExtensionMatchesWords", "", ("exe", "com")),
        ("HeaderContainsWords", "X-App", ("erp",)),
        ("MessageSizeOver", "", ("10 MB",)),
    }
    assert [(one.kind.value, one.values) for one in rule.exceptions] == [("SenderDomainIs", ("contoso.com",))]
    (action,) = rule.actions
    assert (action.status, action.text) == ("5.7.905", "No programs, bitte gr??er schreiben")
    assert said(done.report, "Block programs", "RejectMessageReasonText")[0][0] is Fate.APPROXIMATED
    assert not [line for line in done.report.lines if line.fate is Fate.LEFT_OUT]


@pytest.mark.parametrize(
    "narrowing",
    [
        {"SubjectOrBodyContainsWords": ["secret"]},
        {"ExceptIfSubjectOrBodyContainsWords": ["public"]},
        {"SubjectMatchesPatterns": [r"(a)\1"]},
        {"FromScope": "ExternalPartner"},
        {"SomethingThatIsNew": "x"},
        {"ExpiryDate": "yesterday"},
        {"FromMemberOf": ["contoso.com/Groups/Staff"]},
        {"BetweenMemberOf1": ["sales@contoso.com"]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_rule__something_that_narrows_it_is_left_out__is_disabled(narrowing: dict[str, Any]):
    done = imported(**narrowing)
    assert not the_rule(done).is_enabled
    (name,) = narrowing
    assert said(done.report, "Block programs", name)[0][0] is Fate.LEFT_OUT
    assert said(done.report, "Block programs", "State")[0][0] is Fate.LEFT_OUT


def test_rule__that_was_disabled__stays_so():
    assert not the_rule(imported(State="Disabled")).is_enabled


def test_rule__actions_of_all_kinds__are_taken_over_and_a_connector_by_its_name():
    actions = {
        "RejectMessageReasonText": None,
        "RejectMessageEnhancedStatusCode": None,
        "BlindCopyTo": ["archive@contoso.com"],
        "SetHeaderName": "X-A",
        "SetHeaderValue": "b",
        "PrependSubject": "[E] ",
        "Quarantine": True,
        "RouteMessageOutboundRequireTls": True,
        "RouteMessageOutboundConnector": "Out",
        "ApplyHtmlDisclaimerText": "<b>secret</b>",
    }
    send = {"Name": "Out", "AddressSpaces": ["SMTP:*;1"], "SmartHosts": ["mx.contoso.com"], "DNSRoutingEnabled": False}
    rule = {name: value for name, value in (BLOCK | actions).items() if value is not None}
    sources = [source("rules.json", json.dumps([rule])), source("send.json", json.dumps([send]))]
    done = import_exchange(sources, onto=initial_document(), owner="IT")
    told = {one.kind.value: (one.values, one.header, one.text) for one in the_rule(done).actions}
    assert told["BlindCopyTo"][0] == ("archive@contoso.com",)
    assert told["SetHeader"][1:] == ("X-A", "b")
    assert told["RouteMessageOutboundConnector"][0] == ("out",)
    assert {"HoldMessage", "PrependSubject", "RouteMessageOutboundRequireTls"} <= told.keys()
    assert the_rule(done).is_enabled
    assert said(done.report, "Block programs", "ApplyHtmlDisclaimerText")[0][0] is Fate.LEFT_OUT


@pytest.mark.parametrize(("given", "means"), [("To", "To"), ("CC", "Cc"), ("bcc", "Bcc"), ("Redirect", "Redirect")])
def test_rule__manager_as_recipient__means_the_same(given: str, means: str):
    done = imported(AddManagerAsRecipientType=given, **NOT_REJECTED)
    (action,) = the_rule(done).actions
    assert (action.kind.value, action.values) == ("AddManagerAsRecipientType", (means,))
    assert said(done.report, "Block programs", "AddManagerAsRecipientType")[0][0] is Fate.MAPPED


def test_rule__manager_as_recipient_in_a_way_that_is_not_known__is_left_out():
    done = imported(AddManagerAsRecipientType=2, PrependSubject="[E] ", **NOT_REJECTED)
    assert [one.kind.value for one in the_rule(done).actions] == ["PrependSubject"]
    found = said(done.report, "Block programs", "AddManagerAsRecipientType")
    assert found == [(Fate.LEFT_OUT, "Here '2' must be one of To, Cc, Bcc, Redirect.")]


def test_rule__with_nothing_left_to_do__is_left_out():
    done = imported(RejectMessageReasonText=None, RejectMessageEnhancedStatusCode=None, ApplyOME=True)
    assert not done.document.mail_flow_rules
    assert said(done.report, "Block programs", "")[0][0] is Fate.LEFT_OUT


def test_people__attributes_and_relations__become_the_same_conditions():
    done = imported(
        SenderADAttributeContainsWords=["department:Sales,Legal", "Title:Head"],
        ExceptIfRecipientADAttributeMatchesPatterns=[r"CustomAttribute1:^\d{2,3}$"],
        ManagerForEvaluatedUser="Recipient",
        ManagerAddresses=["boss@contoso.com"],
        ADComparisonAttribute="Department",
        ADComparisonOperator="NotEqual",
        AnyOfRecipientAddressContainsWords=["fabrikam"],
        ExceptIfSenderManagementRelationship="DirectReport",
        AnyOfToHeaderMemberOf=["staff@contoso.com"],
    )
    rule = the_rule(done)
    found = {one.kind.value: one.values for one in rule.conditions}
    assert found["SenderADAttributeContainsWords"] == ("Department:Sales", "Department:Legal", "Title:Head")
    assert (found["RecipientManagerIs"], found["ADAttributeNotEqual"]) == (("boss@contoso.com",), ("Department",))
    assert (found["RecipientAddressContainsWords"], found["AnyOfToHeaderMemberOf"]) == (
        ("fabrikam",), ("staff@contoso.com",)
    )  # fmt: skip
    excepted = {one.kind.value: one.values for one in rule.exceptions}
    assert excepted["RecipientADAttributeMatchesPatterns"] == (r"CustomAttribute1:^\d{2,3}$",)
    assert excepted["SenderManagementRelationship"] == ("DirectReport",)
    assert rule.is_enabled
    assert not [line for line in done.report.lines if line.fate is Fate.LEFT_OUT]


def test_between_members__of_two_lists__become_pairs_of_each_with_each():
    done = imported(
        BetweenMemberOf1=["sales@contoso.com", "board@contoso.com"],
        BetweenMemberOf2="legal@contoso.com",
        ExceptIfBetweenMemberOf1=["a@contoso.com"],
        ExceptIfBetweenMemberOf2=["b@contoso.com"],
        ExceptIfContentCharacterSetContainsWords=["koi8-r", "iso-2022-jp"],
    )
    rule = the_rule(done)
    found = {one.kind.value: one.values for one in rule.conditions}
    assert found["BetweenMemberOf"] == ("sales@contoso.com, legal@contoso.com", "board@contoso.com, legal@contoso.com")
    excepted = {one.kind.value: one.values for one in rule.exceptions}
    assert excepted["BetweenMemberOf"] == ("a@contoso.com, b@contoso.com",)
    assert excepted["ContentCharacterSetContainsWords"] == ("koi8-r", "iso-2022-jp")
    assert rule.is_enabled and not [line for line in done.report.lines if line.fate is Fate.LEFT_OUT]


@pytest.mark.parametrize("side", ["contoso.com/Groups/Legal", "Microsoft.Exchange.Data.MultiValuedProperty`1[x]"])
def test_between_members__that_are_no_addresses__disable_the_rule(side: str):
    done = imported(BetweenMemberOf1=["sales@contoso.com"], BetweenMemberOf2=side)
    assert not the_rule(done).is_enabled
    assert said(done.report, "Block programs", "BetweenMemberOf")[0][0] is Fate.LEFT_OUT


def test_report_and_rejection_for_now__are_the_same_here():
    done = imported(RejectMessageReasonText=None, RejectMessageEnhancedStatusCode=None, DeleteMessage=True,
                    GenerateIncidentReport="audit@contoso.com")  # fmt: skip
    assert [(one.kind.value, one.values) for one in the_rule(done).actions] == [
        ("GenerateIncidentReport", ("audit@contoso.com",)), ("DeleteMessage", ())
    ]  # fmt: skip
    later = imported(RejectMessageReasonText=None, RejectMessageEnhancedStatusCode=None,
                     SmtpRejectMessageRejectText="Later", SmtpRejectMessageRejectStatusCode="450")  # fmt: skip
    (action,) = the_rule(later).actions
    assert (action.status, action.text) == ("4.7.1", "Later")


def test_scl__is_looked_for_and_set_in_the_header():
    done = imported(SCLOver="5", SetSCL="9", RejectMessageReasonText=None, RejectMessageEnhancedStatusCode=None)
    rule = the_rule(done)
    (asked,) = [one for one in rule.conditions if one.kind.value == "HeaderMatchesPatterns"]
    assert (asked.header, asked.values) == ("X-MS-Exchange-Organization-SCL", ("^[5-9]$",))
    assert [(one.kind.value, one.header, one.text) for one in rule.actions] == [
        ("SetHeader", "X-MS-Exchange-Organization-SCL", "9")
    ]
    assert rule.is_enabled


def test_attribute__that_rules_do_not_know__disables_the_rule():
    assert not the_rule(imported(SenderADAttributeContainsWords=["Notes:secret"])).is_enabled


def test_notification_and_severity__mean_the_same_but_for_the_html():
    html = "<style>p {}</style><p>Dear reader,</p>\n<p>%%Subject%% &amp; more<br>is <b>gone</b>.</p>"
    done = imported(**NOT_REJECTED, DeleteMessage=True, GenerateNotification=html, SetAuditSeverity="High")
    rule = the_rule(done)
    assert [one.text for one in rule.actions if one.kind == "GenerateNotification"] == [
        "Dear reader,\n\n%%Subject%% & more\nis gone."
    ]
    assert (rule.is_enabled, rule.set_audit_severity) == (True, "High")
    assert said(done.report, "Block programs", "GenerateNotification")[0][0] is Fate.APPROXIMATED
    rule = the_rule(imported(**NOT_REJECTED, GenerateNotification="It is gone", SetAuditSeverity=""))
    assert (rule.actions[0].text, rule.set_audit_severity) == ("It is gone", "NotSpecified")


def test_notification__of_a_rule_that_rejects__is_left_out_with_its_reason():
    done = imported(GenerateNotification="It is gone")
    assert [one.kind for one in the_rule(done).actions] == ["RejectMessage"]
    assert said(done.report, "Block programs", "GenerateNotification")[0][0] is Fate.LEFT_OUT
