"""What clients on the IP block list are told."""

import pytest
from pydantic import ValidationError

from tests.support.listener import mail_flow
from transport.config.objects import Organization
from transport.model.session import SessionFacts
from transport.rules import admission
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
