"""Conditions of mail flow rules: what each finds, and when it cannot tell."""

import pytest

from tests.transport.rules.mail_flow_kit import (
    CONTENT,
    HEADER,
    NO,
    UNKNOWN,
    YES,
    condition,
    decide,
    facts,
    rule,
    session,
)
from transport.model.address import NULL
from transport.model.verdict import Answer
from transport.ports.recipients import NoDirectory
from transport.rules.rule_facts import RuleFacts


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (condition("From", "ANNA@contoso.com"), YES),
        (condition("From", "bob@contoso.com"), NO),
        (condition("FromScope", "NotInOrganization"), YES),  # nobody signed in, no policy names the network
        (condition("FromMemberOf", "staff@contoso.com"), YES),
        (condition("FromMemberOf", "others@contoso.com"), NO),
        (condition("FromAddressContainsWords", "anna"), YES),
        (condition("FromAddressContainsWords", "ann"), NO),
        (condition("FromAddressMatchesPatterns", r"^a.*@contoso\.com$"), YES),
        (condition("SenderDomainIs", "com"), YES),
        (condition("SenderDomainIs", "toso.com"), NO),
        (condition("SenderIPRanges", "10.1.0.0/16", "192.0.2.1"), YES),
        (condition("SenderIPRanges", "10.2.0.0/16"), NO),
        (condition("SenderIsAuthenticated", "No"), YES),
        (condition("SenderIsAuthenticated", "Yes"), NO),
        (condition("ReceiveConnectorIs", "default"), YES),
        (condition("ReceiveConnectorIs", "client"), NO),
        (condition("SentTo", "bob@Fabrikam.com"), YES),
        (condition("SentToScope", "InOrganization"), NO),
        (condition("SentToScope", "NotInOrganization"), YES),
        (condition("SentToMemberOf", "staff@contoso.com"), NO),
        (condition("RecipientAddressContainsWords", "fabrikam"), YES),
        (condition("RecipientAddressMatchesPatterns", r"bo{2}b@"), NO),
        (condition("RecipientDomainIs", "fabrikam.com"), YES),
        (condition("AnyOfToHeader", "x@y.com"), YES),
        (condition("AnyOfCcHeader", "x@y.com"), NO),
        (condition("AnyOfToCcHeader", "x@y.com"), YES),
        (condition("SubjectContainsWords", "invoice"), YES),
        (condition("SubjectContainsWords", "voice"), NO),
        (condition("SubjectMatchesPatterns", r"invoice \d{4}$"), YES),
        (condition("HeaderContainsWords", "erp", header="x-app"), YES),
        (condition("HeaderMatchesPatterns", "^crm$", header="X-App"), NO),
        (condition("WithImportance", "Normal"), YES),
        (condition("WithImportance", "High"), NO),
        (condition("MessageTypeMatches", "OOF", "Signed"), NO),
        (condition("MessageSizeOver", "10 B"), YES),
        (condition("MessageSizeOver", "1 MB"), NO),
        (condition("AttachmentSizeOver", "1 B"), NO),
        (condition("AttachmentProcessingLimitExceeded"), NO),
    ],
    ids=lambda one: f"{one['kind']}-{one['values']}" if isinstance(one, dict) else one.value,
)  # fmt: skip
def test_condition__asked_of_a_message__answers(asked: dict, answer: Answer):
    assert decide(rule(conditions=[asked])).trail[0].answer is answer
    assert decide(rule(exceptions=[asked])).trail[0].answer is (NO if answer is YES else YES)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (condition("HeaderContainsWords", "hidden", header="X-Long"), Answer.CANNOT_TELL),
        (condition("HeaderMatchesPatterns", "hidden", header="X-Long"), Answer.CANNOT_TELL),
        (condition("HeaderContainsWords", "shown", header="X-Long"), YES),
        (condition("SubjectContainsWords", "hidden"), NO),
    ],
)
def test_words__behind_what_is_looked_at_of_a_field__cannot_be_told(asked: dict, answer: Answer):
    long = facts(b"X-Long: shown " + b"x" * 9_000 + b" hidden\r\n" + CONTENT)
    assert decide(rule(conditions=[asked]), about=long).trail[0].answer is answer


def test_member__directory_down__cannot_tell_and_does_what_the_rule_says():
    asked = [condition("SentToMemberOf", "staff@contoso.com")]
    to = facts(to=("carl@contoso.com",))
    ignored = decide(rule(conditions=asked), about=to, lookup=NoDirectory())
    assert (ignored.trail[0].answer, ignored.refusal) == (UNKNOWN, None)
    deferred = decide(
        rule(conditions=asked, rule_error_action="Defer"), about=facts(to=("carl@contoso.com",)), lookup=NoDirectory()
    )
    assert deferred.refusal.code == 451
    assert "directory" in deferred.because
    tested = decide(
        rule(conditions=asked, rule_error_action="Defer", mode="Audit"),
        about=facts(to=("carl@contoso.com",)),
        lookup=NoDirectory(),
    )
    assert tested.refusal is None


def test_sender__header_and_envelope_differ__is_looked_for_where_the_rule_says():
    asked = [condition("SenderDomainIs", "contoso.com")]

    def answers(place: str) -> Answer:
        about = facts(sender="bounce@lists.example")
        return decide(rule(conditions=asked, sender_address_location=place), about=about).trail[0].answer

    assert [answers(place) for place in ("Header", "Envelope", "HeaderOrEnvelope")] == [YES, NO, YES]


def test_sender__from_that_nobody_can_read__cannot_be_told():
    about = facts(b"From: a@b.com <x@contoso.com\r\n\r\nx\r\n")
    assert decide(rule(conditions=[condition("From", "x@contoso.com")]), about=about).trail[0].answer is UNKNOWN


def test_inside__signed_in_with_an_address_of_ours__is_inside():
    asked = [condition("FromScope", "InOrganization")]
    assert decide(rule(conditions=asked), about=facts(identity="anna")).trail[0].answer is YES
    assert decide(rule(conditions=asked), about=facts()).trail[0].answer is NO


def test_envelope_rule__says_no__message_is_not_read():
    about = facts()
    decide(
        rule(conditions=[condition("SubjectContainsWords", "x"), condition("SenderIPRanges", "192.0.2.1")]), about=about
    )
    assert not about.is_header_read
    assert "attachments" not in about.__dict__


def test_replay__header_not_recorded__cannot_be_told_but_subject_can():
    about = RuleFacts(session=session(), sender=NULL, recipients=[], size_bytes=1, subject="An invoice")
    prepending = [{"kind": "PrependSubject", "text": "x"}]
    decided = decide(rule(1, [condition("SubjectContainsWords", "invoice")], actions=prepending),
                     rule(2, [condition("AttachmentSizeOver", "1 B")]), about=about)  # fmt: skip
    assert [step.answer for step in decided.trail] == [YES, UNKNOWN]


def test_patterns__that_take_too_many_steps_together__cannot_be_told_and_stop_there():
    values = [f"(x{n}|y)*z{n}" for n in range(60)]
    asked = condition("HeaderMatchesPatterns", *values, header="X-Long")
    about = facts(b"X-Long: " + bytes(33 + n * n % 90 for n in range(8_000)).replace(b"z", b"y") + b"\r\n\r\n")
    decided = decide(rule(conditions=[asked], rule_error_action="Defer"), about=about)
    assert decided.trail[0].answer is UNKNOWN
    assert "takes too long" in decided.because


@pytest.mark.parametrize(
    ("disposition", "answer"),
    [
        ("attachment; filename=a.docx", NO),
        ("attachment; filename=a.bin", YES),
        ("attachment; filename=a", YES),
        ("attachment", YES),
        ("attachment; filename=a.pdf; filename*=utf-8''a.bin", YES),
    ],
)
def test_unsupported__attachment_by_the_end_of_each_name__is_what_exchange_does_not_look_into(
    disposition: str, answer: Answer
):
    part = f"--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b--"
    parts = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}"
    about = facts(HEADER + parts.encode())
    assert decide(rule(conditions=[condition("AttachmentIsUnsupported")]), about=about).trail[0].answer is answer


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (b"Content-Class: rpmsg.message", "PermissionControlled"),
        (b"Content-Class: Voice-CA", "Voicemail"),
        (b"Content-Type: multipart/voice-message; boundary=x", "Voicemail"),
    ],
)
def test_message_type__of_exchanges_own__is_told_by_the_header(field: bytes, kind: str):
    asked = [condition("MessageTypeMatches", kind)]
    assert decide(rule(conditions=asked), about=facts(field + b"\r\n" + CONTENT)).trail[0].answer is YES
    assert decide(rule(conditions=asked)).trail[0].answer is NO
