"""Who may not know the members of a group learns nothing of them from Explain, on the page, over HTTP or in its words;
who may, sees the whole; and all three say the same."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from mailconsole.changes import recorded
from mailconsole.changes.services import under
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.tools.test_explain import ASKED
from tests.support.factories import create_administrator, create_editor, signed_in
from transport.config.document import MailFlow
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions
from transport.rules.disclosure import UNTOLD

pytestmark = pytest.mark.django_db
SECRET, BOSS, ALL = "secret@contoso.com", "boss@contoso.com", "all@contoso.com"
RULE = {"id": "r", "name": "Insiders", "conditions": [{"kind": "FromMemberOf", "values": [SECRET]}],
        "sender_address_location": "Envelope",
        "actions": [{"kind": "RejectMessage", "status": "5.7.1", "text": "No"}]}  # fmt: skip
ASK = ASKED | {"sender": "mole@contoso.com", "recipient": "ann@contoso.com"}


def person(address, **more):
    return RecipientEntry(address, EntryKind.MAILBOX, address, **more)


def plug(monkeypatch, *members, rules=()):
    """The configuration and a directory whose group "secret" has these members and hides them."""
    flow = MailFlow.model_validate(
        {
            "accepted_domains": [{"id": "c", "name": "C", "domain": "contoso.com"}],
            "mail_flow_rules": list(rules),
            "receive_connectors": [{"id": "d", "name": "D", "bindings": ["smtp"]}],
        }
    )
    entries = [RecipientEntry(SECRET, EntryKind.GROUP, SECRET, members=members), person("mole@contoso.com"),
               RecipientEntry(ALL, EntryKind.GROUP, ALL, members=(SECRET, "ann@contoso.com", "(odd)")),
               person(BOSS, restrictions=SenderRestrictions(accept_from=(SECRET,))),
               person("ann@contoso.com")]  # fmt: skip
    monkeypatch.setattr(under, "load_document", lambda head: flow)
    monkeypatch.setattr(recorded, "directory", lambda: {one.address: one for one in entries}.get)
    monkeypatch.setattr(recorded, "hiding", lambda keys: frozenset({SECRET}) & frozenset(keys))


def answers(monkeypatch, user, asked, **more):
    """With the sender in the group, and without."""
    for members in (("mole@contoso.com", "spy@contoso.com"), ("x@contoso.com", "spy@contoso.com")):
        plug(monkeypatch, *members, **more)
        page = signed_in(user).get(reverse("tools:explain"), asked).content.decode()
        yield (
            Api(user)("POST", "/explain", asked).json(),
            page.partition('aria-label="The answer"')[2].partition("</section>")[0],
        )


@pytest.mark.parametrize(("recipient", "rules"), [("ann@contoso.com", (RULE,)), (BOSS, ()), (ALL, ()), (SECRET, ())])
def test_explain__hidden_group__answers_an_editor_alike_whoever_is_inside(monkeypatch, recipient, rules):
    asked = ASK | {"recipient": recipient}
    first, second = answers(monkeypatch, create_editor(), asked, rules=rules)
    assert first == second
    assert "spy" not in first[1] + json.dumps(first[0])


def test_explain__rule_about_a_hidden_group__is_told_as_withheld(monkeypatch):
    said, page = next(answers(monkeypatch, create_editor(), ASK, rules=(RULE,)))
    assert (said["action"], said["withheld_rules"]) == ("accept", ["Insiders"])
    assert UNTOLD in said["trail"][-1][4] and "Not told here: what <strong>Insiders</strong> would do" in page


def test_explain__rule_about_a_hidden_group__is_told_whole_to_administrators(monkeypatch):
    inside, outside = answers(monkeypatch, create_administrator(), ASK, rules=(RULE,))
    assert (inside[0]["reply"], outside[0]["action"]) == ("550 5.7.1 No", "accept")
    assert inside[0]["withheld_rules"] == []


def test_explain__recipient_restricted_by_a_hidden_group__is_told_as_untold(monkeypatch):
    said, page = next(answers(monkeypatch, create_editor(), ASK | {"recipient": BOSS}))
    assert (said["action"], said["reply"], said["reason"]) == ("untold", None, UNTOLD)
    assert "Whether it is accepted is not told here." in page and "Accepted." not in page
    inside, outside = answers(monkeypatch, create_administrator(), ASK | {"recipient": BOSS})
    assert (inside[0]["action"], outside[0]["reply"][:9]) == ("accept", "550 5.7.1")


def test_explain__page_http_and_command__tell_the_same_facts(monkeypatch, capsys):
    said, page = next(answers(monkeypatch, create_editor(), ASK | {"recipient": ALL}))
    assert (said["untold"], [one["address"] for one in said["problems"]]) == (2, [ALL])
    assert [(one["event"], one["untold"]) for one in said["changes"]] == [("EXPAND", 0), ("EXPAND", 2)]
    assert "2 members of groups that hide them get it too" in page and "(odd)" in page
    ask = ["config", "explain", "--peer", ASK["peer"], "--from", ASK["sender"], "--to", ALL]
    call_command(*ask, "--json")
    whole = json.loads(capsys.readouterr().out)
    assert (set(whole), whole["untold"], whole["problems"]) == (set(said), 0, said["problems"])
    call_command(*ask)
    words = capsys.readouterr().out
    assert "(odd)" in words and f"EXPAND: {SECRET} -> mole@contoso.com, spy@contoso.com." in words
