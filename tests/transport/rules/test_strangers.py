"""Senders at our own domains, from clients that did not sign in."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.listener import connector, mail_flow
from transport.config.objects import AcceptedDomain
from transport.model.address import NULL, Address
from transport.model.session import SessionFacts, TlsFacts
from transport.rules import admission
from transport.rules.ruleset import compile_ruleset

BOSS, SCANNER, STRANGER = Address("boss", "acme.example"), Address("scan", "acme.example"), Address("a", "x.example")
FACTS = SessionFacts("s", "10.1.2.3", 1, "smtp", "default", 0, 0.0)
POLICY = {"id": "p", "name": "P", "networks": ["10.1.2.3"], "sender_addresses": ["scan@acme.example"], "owner": "o",
          "purpose": "p"}  # fmt: skip


def asked(sender: Address, facts: SessionFacts = FACTS, *, accepts: bool = False, **policy: Any) -> str:
    """The reply; empty where the sender is taken."""
    partner = AcceptedDomain(id="b", name="B", domain="partner.example", domain_type="ExternalRelay")
    base = mail_flow(connector(is_authoritative_domain_sender_accepted=accepts), relay_policies=(POLICY | policy,))
    document = base.model_copy(update={"accepted_domains": (*base.accepted_domains, partner)})
    verdict = admission.mail(compile_ruleset(document), facts, sender, declared_size_bytes=0, now=1000.0)
    return str(verdict.reply or "")


def test_stranger__as_one_of_ours__is_refused_where_the_connector_says_so():
    assert asked(BOSS) == "550 5.7.60 Client does not have permissions to send as this sender"
    assert asked(BOSS, accepts=True) == ""


@pytest.mark.parametrize("sender", [NULL, STRANGER, Address("a", "partner.example")])
def test_sender__that_is_nobody_of_ours__is_taken(sender):
    assert asked(sender) == ""


def test_relay_policy__for_that_client_and_sender__lets_it():
    assert asked(SCANNER) == ""
    assert asked(SCANNER, replace(FACTS, peer="10.1.2.4")).startswith("550")
    assert asked(SCANNER, is_enabled=False).startswith("550")
    assert asked(SCANNER, expires_at="1970-01-01T00:10:00Z").startswith("550")
    assert asked(SCANNER, is_tls_required=True).startswith("550")
    assert asked(SCANNER, replace(FACTS, tls=TlsFacts("TLSv1.3", "x")), is_tls_required=True) == ""


def test_user__who_signed_in__is_asked_for_ownership_alone():
    assert asked(BOSS, replace(FACTS, identity="boss", addresses=(str(BOSS),))) == ""
