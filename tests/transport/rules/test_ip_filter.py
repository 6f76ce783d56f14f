"""What clients on the IP block list are told."""

import pytest
from pydantic import ValidationError

from tests.support.listener import mail_flow
from transport.config.objects import Organization
from transport.model.session import SessionFacts
from transport.rules import admission, listing
from transport.rules.ruleset import compile_ruleset


def refused(**organization):
    document = mail_flow(ip_block_list=[{"network": "192.0.2.0/24"}], organization=organization)
    facts = SessionFacts("s", "192.0.2.7", 1, "smtp", "default", 0, 0.0)
    return admission.connect(compile_ruleset(document), facts, now=0.0)


def test_blocked_client__is_told_what_the_organisation_says():
    said = "%0 has no business here, phone 4711"
    verdict = refused(static_entry_rejection_response=said)
    assert str(verdict.reply) == "554 5.7.1 192.0.2.7 has no business here, phone 4711"
    assert "4711" not in verdict.reason
    assert str(refused().reply) == "554 5.7.1 Access denied"


@pytest.mark.parametrize("said", ["", "schön", "two\r\n250 lines", "x" * 241])
def test_words__that_can_not_stand_in_a_reply__are_refused(said):
    with pytest.raises(ValidationError, match="static_entry_rejection_response"):
        Organization(static_entry_rejection_response=said)


def test_relay_of_our_own__is_neither_blocked_nor_asked_about_itself():
    lists = [{"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True}]
    blocked = {"ip_block_list": [{"network": "8.8.8.0/24"}], "ip_block_list_providers": lists}
    facts = SessionFacts("s", "8.8.8.8", 1, "smtp", "default", 0, 0.0)
    inner = compile_ruleset(mail_flow(**blocked, organization={"internal_smtp_servers": ["8.8.8.8"]}))
    assert admission.connect(inner, facts, now=0.0).is_accepted
    assert listing.providers_for(inner, facts, now=0.0) is None
    assert not admission.connect(inner, facts.changed(peer="8.8.8.9"), now=0.0).is_accepted
    assert inner.asks_origin(facts) and not inner.asks_origin(facts.changed(peer="8.8.8.9"))
    assert not inner.asks_origin(facts.changed(identity="scanner"))
    assert not compile_ruleset(mail_flow(organization={"internal_smtp_servers": ["8.8.8.8"]})).asks_origin(facts)
