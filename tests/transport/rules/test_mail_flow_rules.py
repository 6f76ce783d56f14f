"""Mail flow rules: the compiled ones decide as a naive reading does; conditions and actions do what they say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule
from transport.model.address import NULL, Address, parse_mailbox
from transport.model.session import SessionFacts
from transport.model.verdict import Answer
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.rules.mail_flow_rules import decide_rules
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import compile_ruleset

NOW = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
HEADER = (
    b"From: Anna <anna@contoso.com>\r\nTo: bob@fabrikam.com, x@y.com\r\nSubject: Your Invoice 4711\r\nX-App: ERP\r\n"
)
CONTENT = HEADER + b"\r\nHello\r\n"
DOMAINS = [{"id": "own", "name": "own", "domain": "contoso.com"}]


class Groups:
    def find(self, address: str) -> RecipientEntry | None:
        members = {"staff@contoso.com": ("anna@contoso.com",)}.get(address.lower())
        return RecipientEntry(address, EntryKind.GROUP, address, members=members) if members else None


def session(**given) -> SessionFacts:
    facts = SessionFacts("s", "10.1.2.3", 1, "smtp", "default", 1, NOW)
    return facts.changed(**given)


def facts(
    content: bytes | None = CONTENT, sender: str = "anna@contoso.com", to=("bob@fabrikam.com",), **given
) -> RuleFacts:
    return RuleFacts(
        session=session(**given),
        sender=parse_mailbox(sender) if sender else NULL,
        recipients=[parse_mailbox(one) for one in to],
        size_bytes=len(content or b""),
        content=content,
    )


def rule(
    number: int = 0, conditions=(), exceptions=(), actions=({"kind": "LogEventText", "text": "x"},), **given
) -> MailFlowRule:
    said = {"id": f"r{number}", "name": f"R{number}", "priority": number} | given
    return MailFlowRule(conditions=conditions, exceptions=exceptions, actions=actions, **said)


def decide(*rules: MailFlowRule, about: RuleFacts | None = None, lookup=None):
    document = MailFlow(mail_flow_rules=rules, accepted_domains=DOMAINS)
    return decide_rules(compile_ruleset(document), about or facts(), lookup=lookup or Groups(), now=NOW)


def condition(kind: str, *values: str, header: str = "") -> dict:
    return {"kind": kind, "values": values, "header": header}


YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.CANNOT_TELL


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


_POSSIBLE = [
    condition("SubjectContainsWords", "invoice"), condition("SubjectContainsWords", "nothing"),
    condition("SenderIPRanges", "10.0.0.0/8"), condition("SenderIPRanges", "192.0.2.0/24"),
    condition("SentToMemberOf", "unknown@contoso.com"), condition("SenderDomainIs", "contoso.com"),
    condition("MessageSizeOver", "1 GB"),
]  # fmt: skip
_TRUTH = [YES, NO, YES, NO, UNKNOWN, YES, NO]
_ASKED = st.lists(st.integers(0, len(_POSSIBLE) - 1), max_size=3)


def _naive(conditions: list[int], exceptions: list[int]) -> Answer:
    asked, excepted = {_TRUTH[one] for one in conditions}, {_TRUTH[one] for one in exceptions}
    if NO in asked or YES in excepted:
        return NO
    return UNKNOWN if UNKNOWN in asked | excepted else YES


class Down:
    def find(self, address: str) -> RecipientEntry | None:
        return NoDirectory().find(address)


@given(st.lists(st.tuples(_ASKED, _ASKED, st.booleans(), st.sampled_from(["Enforce", "Audit"])), max_size=5))
def test_rules__any_of_them_in_any_order__decide_as_a_naive_reading_does(given):
    rules = [
        rule(
            n, [_POSSIBLE[i] for i in asked], [_POSSIBLE[i] for i in excepted], stop_rule_processing=is_last, mode=mode
        )
        for n, (asked, excepted, is_last, mode) in enumerate(given)
    ]
    expected = []
    for asked, excepted, is_last, mode in given:
        expected.append(_naive(asked, excepted))
        if expected[-1] is YES and is_last and mode == "Enforce":
            break
    decided = decide(*reversed(rules), about=facts(to=("carl@contoso.com",)), lookup=Down())
    assert [step.answer for step in decided.trail] == expected


def test_actions__of_all_kinds__come_together_and_later_rules_see_the_header():
    first = rule(1, actions=[
        {"kind": "SetHeader", "header": "X-Seen", "text": "yes"}, {"kind": "RemoveHeader", "header": "x-app"},
        {"kind": "PrependSubject", "text": "[EXT]"}, {"kind": "SetImportance", "values": ["High"]},
        {"kind": "BlindCopyTo", "values": ["archive@contoso.com"]}, {"kind": "CopyTo", "values": ["cc@contoso.com"]},
        {"kind": "RouteMessageOutboundRequireTls"}, {"kind": "RouteMessageOutboundConnector", "values": ["out"]},
        {"kind": "HoldMessage"}, {"kind": "NotifySender", "text": "Held"},
    ])  # fmt: skip
    second = rule(
        2,
        [condition("HeaderContainsWords", "yes", header="X-Seen")],
        actions=[{"kind": "RedirectMessageTo", "values": ["boss@contoso.com"]}],
    )
    about = facts()
    effects = decide(first, second, about=about).effects
    assert effects.recipients == [Address("boss", "contoso.com")]
    assert effects.added == [Address("archive", "contoso.com"), Address("cc", "contoso.com")]
    assert (effects.is_tls_required, effects.connector_id, effects.held_by) == (True, "out", "R1")
    assert about.changed_content == (
        b"X-Mailconsole-Rules-Loop: 1\r\nCc: <cc@contoso.com>\r\nImportance: High\r\nX-Seen: yes\r\n"
        b"From: Anna <anna@contoso.com>\r\nTo: bob@fabrikam.com, x@y.com\r\n"
        b"Subject: [EXT] Your Invoice 4711\r\n\r\nHello\r\n"
    )


def test_reject__first_that_fits__ends_with_its_reply():
    refusing = rule(1, actions=[{"kind": "RejectMessage", "status": "5.7.912", "text": "Not so"}])
    decided = decide(refusing, rule(2))
    assert (str(decided.refusal), len(decided.trail)) == ("550 5.7.912 Not so", 1)
    assert "R1 fits" in decided.because


@pytest.mark.parametrize("mode", ["Audit", "AuditAndNotify"])
def test_test_mode__rule_that_fits__changes_nothing_and_tells(mode: str):
    refusing = rule(
        1,
        mode=mode,
        stop_rule_processing=True,
        actions=[{"kind": "RejectMessage", "text": "Not so"}, {"kind": "NotifySender", "text": "Mind"}],
    )
    about = facts()
    decided = decide(refusing, rule(2), about=about)
    assert (decided.refusal, about.changed_content, len(decided.trail)) == (None, None, 2)
    assert "would have done" in decided.trail[0].sentence
    assert len(decided.effects.notices) == (mode == "AuditAndNotify")


def test_dates__before_activation_and_after_expiry__rule_is_not_asked():
    assert not decide(rule(activation_at="2026-12-01T00:00:00Z")).trail
    assert not decide(rule(expires_at="2026-11-01T00:00:00Z")).trail
    assert decide(rule(activation_at="2026-11-01T00:00:00Z", expires_at="2026-12-01T00:00:00Z")).trail


def test_redirect__message_that_came_back_too_often__is_refused():
    redirecting = rule(actions=[{"kind": "RedirectMessageTo", "values": ["boss@contoso.com"]}])
    again = decide(redirecting, about=facts(b"X-Mailconsole-Rules-Loop: 2\r\n" + CONTENT))
    assert again.refusal is None
    for mark in (b"3", b"bogus", b"1\r\nX-Mailconsole-Rules-Loop: 2"):
        decided = decide(redirecting, about=facts(b"X-Mailconsole-Rules-Loop: " + mark + b"\r\n" + CONTENT))
        assert decided.refusal.enhanced == "5.4.6"
    plain = decide(rule(), about=facts(b"X-Mailconsole-Rules-Loop: 9\r\n" + CONTENT))
    assert plain.refusal is None


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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"actions": []}, "at least 1"),
        ({"actions": [{"kind": "RejectMessage", "status": "5.7.2", "text": "x"}]}, "no status of a rule"),
        ({"actions": [{"kind": "RejectMessage", "text": "ü"}]}, "plain ASCII"),
        ({"actions": [{"kind": "DeleteMessage"}, {"kind": "HoldMessage"}]}, "nothing else can be done"),
        ({"actions": [{"kind": "SetHeader", "header": "Content-Type", "text": "x"}]}, "can't be changed"),
        ({"actions": [{"kind": "SetHeader", "header": "X", "text": "a\r\nBcc: b"}]}, "control characters"),
        ({"actions": [{"kind": "SetHeader", "header": "X: y", "text": "a"}]}, "pattern"),
        ({"actions": [{"kind": "DeleteMessage", "text": "x"}]}, "takes no text"),
        ({"conditions": [condition("HeaderContainsWords", "x")]}, "needs the name of a header field"),
        ({"conditions": [condition("From")]}, "needs a value"),
        ({"conditions": [condition("FromScope", "Inside")]}, "must be one of"),
        ({"conditions": [condition("SubjectMatchesPatterns", "(a+)+\\1")]}, "don't know"),
        ({"conditions": [condition("MessageSizeOver", "1 MB", "2 MB")]}, "takes one value"),
        ({"activation_at": "2027-01-01T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z"}, "later than"),
    ],
)  # fmt: skip
def test_rule__that_makes_no_sense__is_refused_in_words(given: dict, said: str):
    with pytest.raises(ValueError, match=said):
        rule(**given)


def test_patterns__that_take_too_many_steps_together__cannot_be_told_and_stop_there():
    values = [f"(x{n}|y)*z{n}" for n in range(60)]
    asked = condition("HeaderMatchesPatterns", *values, header="X-Long")
    about = facts(b"X-Long: " + bytes(33 + n * n % 90 for n in range(8_000)).replace(b"z", b"y") + b"\r\n\r\n")
    decided = decide(rule(conditions=[asked], rule_error_action="Defer"), about=about)
    assert decided.trail[0].answer is UNKNOWN
    assert "takes too long" in decided.because
