"""Mail flow rules: the compiled ones decide as a naive reading does; conditions and actions do what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.rules.mail_flow_kit import CONTENT, NO, UNKNOWN, YES, Down, condition, decide, facts, rule
from transport.model.address import Address
from transport.model.verdict import Answer

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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"actions": []}, "at least 1"),
        ({"actions": [{"kind": "RejectMessage", "status": "5.7.2", "text": "x"}]}, "no status of a rule"),
        ({"actions": [{"kind": "RejectMessage", "text": "ü"}]}, "plain ASCII"),
        ({"actions": [{"kind": "DeleteMessage"}, {"kind": "HoldMessage"}]}, "nothing else can be done"),
        ({"actions": [{"kind": "SetHeader", "header": "Content-Type", "text": "x"}]}, "can't be changed"),
        ({"actions": [{"kind": "SetHeader", "header": "X", "text": "a\r\nBcc: b"}]}, "is one line"),
        ({"actions": [{"kind": "SetHeader", "header": "X: y", "text": "a"}]}, "pattern"),
        ({"actions": [{"kind": "DeleteMessage", "text": "x"}]}, "takes no text"),
        ({"actions": [{"kind": "PrependSubject", "text": "a\nb"}]}, "one line of at most 200"),
        ({"actions": [{"kind": "LogEventText", "text": "a" * 201}]}, "one line of at most 200"),
        ({"actions": [{"kind": "GenerateNotification", "text": "a" * 5001}]}, "at most 5000"),
        ({"actions": [{"kind": "GenerateNotification", "text": "a\x07"}]}, "control characters"),
        ({"actions": [{"kind": "GenerateNotification", "text": "%%Sender%%"}]}, "there is no %%Sender%%; there"),
        ({"actions": [{"kind": "GenerateNotification", "text": "%%Headers%%%%headers%%"}]}, "can be there once"),
        ({"actions": [{"kind": "GenerateNotification", "text": "a"}] * 2}, "can be there once"),
        ({"actions": [{"kind": "GenerateNotification", "text": "a"}, {"kind": "RejectMessage", "text": "b"}]},
         "told nothing of a rejected message"),
        ({"set_audit_severity": "Grave"}, "NotSpecified"),
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
