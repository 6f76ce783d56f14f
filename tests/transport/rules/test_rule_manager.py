"""AddManagerAsRecipientType: the sender's manager becomes a recipient, where the directory names one."""

import pytest
from pydantic import ValidationError

from tests.transport.rules.mail_flow_kit import CONTENT, UNKNOWN, YES, Down, decide, facts, rule
from tests.transport.rules.test_rule_people import People
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.rules.mail_flow_rules import DEFERRED

BOSS = "carl@contoso.com"
FROM_BOTH = CONTENT.replace(b"From:", b"Sender: anna@contoso.com\r\nFrom:")


def to_manager(how: str = "Bcc", **fields):
    return rule(actions=[{"kind": "AddManagerAsRecipientType", "values": [how]}], **fields)


def texts(addresses) -> list[str]:
    return [str(one) for one in addresses]


@pytest.mark.parametrize(("how", "field"), [("To", "To"), ("Cc", "Cc"), ("Bcc", None)])
def test_manager__known__is_added_and_named_where_asked(how, field):
    about = facts()
    effects = decide(to_manager(how), about=about, lookup=People()).effects
    assert (texts(effects.added), effects.recipients) == ([BOSS], None)
    named = [name for name in ("To", "Cc") if BOSS in texts(about.fields.addresses(name))]
    assert named == ([field] if field else [])
    assert effects.hidden == (set() if field else {BOSS})


def test_manager__instead__gets_the_message_alone_and_it_is_marked():
    about = facts()
    decided = decide(to_manager("Redirect"), about=about, lookup=People())
    assert (texts(decided.effects.recipients), decided.effects.added) == ([BOSS], [])
    assert about.fields.has("X-Mailconsole-Rules-Loop")
    assert decided.trail[0].actions == (f"send it to the sender's manager instead of its recipients ({BOSS})",)


@pytest.mark.parametrize("how", ["To", "Cc", "Bcc", "Redirect"])
def test_manager__nobody_known__nothing_is_added_and_the_trail_says_so(how):
    about = facts(CONTENT.replace(b"anna@", b"eve@"))
    decided = decide(to_manager(how), about=about, lookup=People())
    assert (decided.effects.added, decided.effects.recipients, about.changed_content) == ([], None, None)
    assert "nobody is known as the manager: nothing is done" in decided.trail[0].sentence


@pytest.mark.parametrize(
    ("where", "expected"),
    [("Header", BOSS), ("Envelope", "anna@contoso.com"), ("HeaderOrEnvelope", "anna@contoso.com")],
)
def test_manager__sender_of_header_and_envelope__is_the_rules(where, expected):
    asking = to_manager(sender_address_location=where)
    assert texts(decide(asking, about=facts(sender="bob@fabrikam.com"), lookup=People()).effects.added) == [expected]


def test_manager__first_sender_has_none__is_the_next_ones():
    about = facts(FROM_BOTH.replace(b"From: Anna <anna@", b"From: Eve <eve@"))
    assert texts(decide(to_manager(), about=about, lookup=People()).effects.added) == [BOSS]


@pytest.mark.parametrize(("action", "refusal"), [("Ignore", None), ("Defer", DEFERRED)])
def test_manager__directory_cannot_answer__rule_error_action_decides(action, refusal):
    tagged = {"kind": "SetHeader", "header": "X-A", "text": "b"}
    asked = rule(actions=[{"kind": "AddManagerAsRecipientType", "values": ["To"]}, tagged], rule_error_action=action)
    about = facts()
    decided = decide(asked, about=about, lookup=Down())
    assert (decided.trail[0].answer, decided.refusal, decided.effects.added) == (UNKNOWN, refusal, [])
    assert "AddManagerAsRecipientType: the directory cannot answer" in decided.trail[0].because
    assert about.changed_content is None


def test_manager__first_sender_cannot_be_told__is_not_the_next_ones():
    class Twice(People):
        def find(self, address):
            is_twice = address == "twice@contoso.com"
            return RecipientEntry(address, EntryKind.CONFLICT, "") if is_twice else super().find(address)

    about = facts(FROM_BOTH.replace(b"From: Anna <anna@", b"From: T <twice@"))
    decided = decide(to_manager(), about=about, lookup=Twice())
    assert (decided.trail[0].answer, decided.effects.added) == (UNKNOWN, [])


def test_manager__of_a_test__is_told_and_gets_nothing():
    decided = decide(to_manager("Cc", mode="Audit"), lookup=People())
    assert (decided.trail[0].answer, decided.effects.added) == (YES, [])
    assert f"would have done (it is a test, Audit): send it to the sender's manager too, named in Cc ({BOSS})" in (
        decided.trail[0].sentence
    )


def test_rule__that_does_not_fit__asks_for_no_manager():
    class Never:
        def find(self, address):
            raise AssertionError(address)

    asked = [{"kind": "SubjectContainsWords", "values": ["nothing"]}]
    assert not decide(to_manager(conditions=asked), lookup=Never()).told


@pytest.mark.parametrize(
    "actions",
    [
        [{"kind": "AddManagerAsRecipientType", "values": ["From"]}],
        [{"kind": "AddManagerAsRecipientType", "values": ["To", "Cc"]}],
        [{"kind": "AddManagerAsRecipientType", "values": [how]} for how in ("To", "Cc")],
        [{"kind": "AddManagerAsRecipientType", "values": ["Redirect"]},
         {"kind": "RedirectMessageTo", "values": ["x@y.com"]}],
    ],
)  # fmt: skip
def test_rule__that_contradicts_itself__is_refused(actions):
    with pytest.raises(ValidationError):
        rule(actions=actions)
