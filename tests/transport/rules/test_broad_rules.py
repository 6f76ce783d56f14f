"""Which mail flow rules take much mail: measured by what they look for."""

from __future__ import annotations

import pytest

from tests.transport.rules.test_broadness import BCC, full, told
from transport.config.diff import ObjectChange
from transport.rules import broad_conditions
from transport.rules.broad_conditions import Measure
from transport.rules.broadness import broadness
from transport.rules.pattern_match import Steps, Words

SECRET = {"actions": [{"kind": "RedirectMessageTo", "values": ["eve@evil.example"]}]}
EACH_LETTER = [f"^{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]


@pytest.mark.parametrize(
    ("kind", "header", "values"),
    [
        ("ADAttributeNotEqual", "", ["UserLogonName"]),
        ("ADAttributeEqual", "", ["Company"]),
        ("RecipientADAttributeContainsWords", "", ["Email:contoso.com"]),
        ("RecipientADAttributeMatchesPatterns", "", ["Email:@contoso"]),
        ("RecipientADAttributeMatchesPatterns", "", ["DisplayName:[aeiou]"]),
        ("RecipientADAttributeContainsWords", "", ["Company:Contoso"]),
        ("SenderADAttributeMatchesPatterns", "", ["Title:boss", "PhoneNumber:\\d"]),
        ("HeaderContainsWords", "Received", ["with"]),
        ("HeaderMatchesPatterns", "Date", ["202[6-9]"]),
        ("HeaderMatchesPatterns", "Message-ID", ["<"]),
        ("HeaderMatchesPatterns", "Message-Id", ["^<[^>]*@"]),
        ("HeaderContainsWords", "To", ["contoso.com"]),
        ("HeaderMatchesPatterns", "From", ["@contoso"]),
        ("HeaderMatchesPatterns", "Return-Path", ["^<"]),
        ("HeaderMatchesPatterns", "Content-Type", ["^(text|multipart)/"]),
        ("HeaderContainsWords", "DKIM-Signature", ["rsa-sha256"]),
        ("HeaderMatchesPatterns", "Subject", ["[^q]"]),
        ("ContentCharacterSetContainsWords", "", ["utf-8"]),
        ("ContentCharacterSetContainsWords", "", ["us-ascii", "koi8-r"]),
        ("BetweenMemberOf", "", [f"g{number}@contoso.com, all@contoso.com" for number in range(100)]),
        ("MessageSizeOver", "", ["4 KB"]),
        ("MessageSizeOver", "", ["1023 KB"]),
        ("AttachmentSizeOver", "", ["1 KB"]),
        ("AttachmentNameMatchesPatterns", "", ["\\."]),
        ("AttachmentExtensionMatchesWords", "", ["pdf", "docx", "xlsx", "png", "jpg", "txt", "csv", "doc"]),
        ("SubjectMatchesPatterns", "", ["[a-z]"]),
        ("SubjectMatchesPatterns", "", ["[^0-9]"]),
        ("SubjectMatchesPatterns", "", EACH_LETTER),
        ("SubjectContainsWords", "", ["re", "fwd", "aw", "wg", "your", "the"]),
        ("RecipientAddressMatchesPatterns", "", ["^[a-y0-9]"]),
        ("RecipientAddressMatchesPatterns", "", ["^[a-h].*@contoso\\.com$"]),
        ("RecipientAddressMatchesPatterns", "", EACH_LETTER),
        ("RecipientDomainIs", "", ["co.uk"]),
        ("SenderIPRanges", "", [f"{net}.1.0.0/16" for net in range(1, 200)]),
        ("SentTo", "", [f"p{number}@contoso.com" for number in range(100)]),
    ],
)
def test_broadness__rule_that_takes_nearly_all_mail__is_broad(kind, header, values):
    condition = {"kind": kind, "header": header, "values": values}
    said = told("mail_flow_rules", {**SECRET, "conditions": [condition]})
    assert said == "will redirect the message to eve@evil.example, for all mail or a great part of it"


@pytest.mark.parametrize(
    ("kind", "header", "values"),
    [
        ("RecipientADAttributeContainsWords", "", ["Department:Legal Affairs"]),
        ("RecipientADAttributeContainsWords", "", ["Email:partner.example"]),
        ("RecipientADAttributeMatchesPatterns", "", ["CustomAttribute1:^CC-\\d+$"]),
        ("HeaderContainsWords", "To", ["partner.example"]),
        ("HeaderContainsWords", "From", ["boss@contoso.com"]),
        ("HeaderMatchesPatterns", "Message-ID", ["@bulk\\.partner\\.example>$"]),
        ("HeaderContainsWords", "X-Spam-Flag", ["YES"]),
        ("HeaderContainsWords", "Subject", ["contoso.com"]),
        ("HeaderContainsWords", "Content-Type", ["text/calendar"]),
        ("MessageSizeOver", "", ["1 MB"]),
        ("AttachmentExtensionMatchesWords", "", ["exe", "scr", "js"]),
        ("AttachmentNameMatchesPatterns", "", ["\\.pdf$"]),
        ("SubjectMatchesPatterns", "", ["^\\[secret\\]", "invoice"]),
        ("RecipientAddressMatchesPatterns", "", ["^(info|sales)@contoso\\.com$"]),
        ("RecipientDomainIs", "", ["partner.co.uk"]),
        ("SenderIPRanges", "", [f"10.{net}.0.0/16" for net in range(15)]),
        ("SentToMemberOf", "", ["legal@contoso.com"]),
        ("BetweenMemberOf", "", ["legal@contoso.com, sales@contoso.com"]),
        ("ContentCharacterSetContainsWords", "", ["iso-2022-jp", "koi8-r"]),
    ],
)
def test_broadness__rule_that_takes_little_mail__is_not(kind, header, values):
    condition = {"kind": kind, "header": header, "values": values}
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]}) == ""


def test_broadness__patterns_that_cost_too_much_to_tell__count_as_much(monkeypatch):
    condition = {"kind": "RecipientAddressMatchesPatterns", "values": ["^[^a-z]{5}@contoso\\.com$"]}
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]}) == ""
    monkeypatch.setattr(broad_conditions, "_STEPS", 500)
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]})


@pytest.mark.parametrize(
    ("kind", "value"),
    [("HeaderMatchesPatterns", "(a?){{40}}(b?){{40}}(c?){{40}}[yz][1-9]{{{0}}}"), ("HeaderContainsWords", "word {0}")],
)
def test_broadness__many_conditions_that_cost_much__have_one_bound_for_all(kind, value, monkeypatch):
    spent = []

    class Counting(Steps):
        def take(self, count):
            super().take(count)
            spent.append(count)

    monkeypatch.setattr(broad_conditions, "Steps", Counting)
    monkeypatch.setattr(broad_conditions, "_STEPS", 30_000)
    measure = Measure(PLACES)

    def said(*conditions):
        rule = full("mail_flow_rules", {**SECRET, "conditions": conditions})
        return broadness(ObjectChange("mail_flow_rules", "one", None, rule), measure)

    costly = [{"kind": kind, "header": "X-To", "values": [value.format(one)]} for one in range(1, 30)]
    assert [said(one) for one in costly][-1]
    assert sum(spent) <= 30_000
    assert said(costly[-1], {"kind": "SenderDomainIs", "values": ["partner.example"]}) == ""


@pytest.mark.parametrize(
    ("condition", "is_broad"),
    [
        ({"kind": "RecipientDomainIs", "values": ["contoso.com"]}, True),
        ({"kind": "SenderDomainIs", "values": ["com"]}, True),
        ({"kind": "SenderDomainIs", "values": ["partner.example"]}, False),
        ({"kind": "SentToScope", "values": ["InOrganization"]}, True),
        ({"kind": "SenderIsAuthenticated", "values": ["Yes"]}, True),
        ({"kind": "ReceiveConnectorIs", "values": ["default"]}, True),
        ({"kind": "MessageSizeOver", "values": ["1 KB"]}, True),
        ({"kind": "MessageSizeOver", "values": ["10 MB"]}, False),
        ({"kind": "WithImportance", "values": ["Normal"]}, True),
        ({"kind": "WithImportance", "values": ["High"]}, False),
        ({"kind": "RecipientAddressMatchesPatterns", "values": ["@contoso\\.com$"]}, True),
        ({"kind": "RecipientAddressContainsWords", "values": ["contoso.com"]}, True),
        ({"kind": "RecipientAddressMatchesPatterns", "values": ["^boss@contoso\\.com$"]}, False),
        ({"kind": "SubjectMatchesPatterns", "values": ["[a-z]|\\d"]}, True),
        ({"kind": "SubjectMatchesPatterns", "values": ["x{0,}"]}, True),
        ({"kind": "SubjectContainsWords", "values": ["invoice"]}, False),
        ({"kind": "SentTo", "values": ["boss@contoso.com"]}, False),
    ],
)
def test_broadness__rule_with_a_condition__is_broad_where_it_fits_much(condition, is_broad):
    said = told("mail_flow_rules", {**BCC, "conditions": [condition]})
    assert said == ("will add x@out.example as Bcc, for all mail or a great part of it" if is_broad else "")


@pytest.mark.parametrize("header", ["Reply-To", "bcc", "X-MS-Exchange-Organization-SCL", "Authentication-Results"])
def test_broadness__rule_that_sets_what_is_believed__is_broad(header):
    action = {"kind": "SetHeader", "header": header, "text": "eve@evil.example"}
    said = told("mail_flow_rules", {"actions": [action]})
    assert said == f"will set the header field {header} to “eve@evil.example”, whatever message it is"
    assert told("mail_flow_rules", {"actions": [action | {"header": "X-Scanned"}]}) == ""


@pytest.mark.parametrize(("how", "words"), [("Bcc", "too, as Bcc"), ("Redirect", "instead of its recipients")])
def test_broadness__rule_that_sends_all_mail_to_managers__is_broad(how, words):
    """Of ours, but no less people who read what was not meant for them."""
    said = told("mail_flow_rules", {"actions": [{"kind": "AddManagerAsRecipientType", "values": [how]}]})
    assert said == f"will send it to the sender's manager {words}, whatever message it is"


PLACES = frozenset(f"site{number}.example" for number in range(3000)) | {"contoso.com", "info.example"}
OTHERS = [f"word{number}" for number in range(480)]


@pytest.mark.parametrize(
    ("words", "is_broad"),
    [
        (["site77.example"], True),
        (["@contoso.com"], True),
        (["info"], True),  # a domain of ours is called so
        (["boss@site77.example"], False),
        (["sales"], False),
        (["@"], True),
    ],
)
def test_broadness__words_and_thousands_of_domains__looks_only_where_they_could_be(words, is_broad, monkeypatch):
    looked, find = [], Words.find

    def counted(self, text):
        looked.append(text)
        return find(self, text)

    monkeypatch.setattr(Words, "find", counted)
    condition = {"kind": "HeaderContainsWords", "header": "X-To", "values": [*OTHERS, *words]}
    rule = full("mail_flow_rules", {**SECRET, "conditions": [condition]})
    assert bool(broadness(ObjectChange("mail_flow_rules", "one", None, rule), Measure(PLACES))) is is_broad
    assert len(looked) < 1000


@pytest.mark.parametrize(
    ("pattern", "is_broad"),
    [
        ("@site77\\.example$", True),
        ("@si[tu]e77\\.example$", True),
        ("@(site77|site78)\\.example$", True),
        ("^boss@site77\\.example$", False),
        ("^boss@.*\\.example$", False),
        ("^i[n]fo@", False),
    ],
)
def test_broadness__patterns_and_thousands_of_domains__looks_only_where_they_could_be(pattern, is_broad):
    others = [f"^user{number}@partner{number}\\.example$" for number in range(100)]
    condition = {"kind": "RecipientAddressMatchesPatterns", "values": [*others, pattern]}
    rule = full("mail_flow_rules", {**SECRET, "conditions": [condition]})
    assert bool(broadness(ObjectChange("mail_flow_rules", "one", None, rule), Measure(PLACES))) is is_broad


def test_broadness__words_that_are_in_very_many_of_our_domains__count_as_much():
    words = [f"info@site{number}.example" for number in range(400)]
    condition = {"kind": "HeaderContainsWords", "header": "X-To", "values": words}
    rule = full("mail_flow_rules", {**SECRET, "conditions": [condition]})
    assert broadness(ObjectChange("mail_flow_rules", "one", None, rule), Measure(PLACES))
