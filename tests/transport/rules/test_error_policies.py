"""What a connector makes of failures: downgraded, upgraded, or as they are."""

import pytest

from transport.config.objects import AddressSpace, SendConnector
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.rules.error_policies import DOWNGRADED, UPGRADED, ErrorPolicies

DEFERRED, FAILED, DELIVERED = OutcomeKind.DEFERRED, OutcomeKind.FAILED, OutcomeKind.DELIVERED


def outcome(kind, code=0, status="", phase=Phase.RCPT):
    return Outcome(kind, phase, Reply(code, status, "said so") if code else None)


def test_no_policy__costs_nothing():
    assert ErrorPolicies.of(SendConnector(id="o", name="O", address_spaces=(AddressSpace(domain="*"),))) is None


@pytest.mark.parametrize(
    ("named", "code", "status", "is_passing"),
    [
        ("550", 550, "5.7.1", True),
        ("5.7.1", 554, "5.7.1", True),
        ("550 5.7.1", 550, "5.7.1", True),
        ("550 5.7.1", 554, "5.7.1", False),
        ("550 5.7.1", 550, "", False),
        ("5.7.1", 550, "5.7.10", False),
    ],
)
def test_downgraded__what_is_named_waits(named, code, status, is_passing):
    seen = ErrorPolicies(downgraded=(named,)).apply(outcome(FAILED, code, status))
    assert (seen.kind is DEFERRED) is is_passing
    assert (seen.reason == DOWNGRADED) is is_passing and seen.enhanced_status[0] == ("4" if is_passing else "5")


def test_upgraded__what_is_named_is_final():
    policies = ErrorPolicies(upgraded=("4.2.2",))
    seen = policies.apply(outcome(DEFERRED, 452, "4.2.2"))
    assert seen.kind is FAILED and seen.enhanced_status == "5.2.2" and seen.reason == UPGRADED
    assert policies.apply(outcome(DEFERRED, 452, "4.3.1")).kind is DEFERRED
    assert policies.apply(outcome(DEFERRED, 421, "4.2.2")).kind is DEFERRED
    assert policies.apply(outcome(DEFERRED, 452, "4.2.2", phase=Phase.BANNER)).kind is DEFERRED
    assert policies.apply(outcome(DELIVERED, 250, "2.0.0")).kind is DELIVERED


def test_dns_failure__waits_where_the_connector_says_so():
    gone = Outcome(FAILED, Phase.DNS, None, "The domain x.example does not exist.", status="5.1.2")
    seen = ErrorPolicies(is_dns_failure_downgraded=True).apply(gone)
    assert seen.kind is DEFERRED and seen.enhanced_status == "4.1.2"
    assert seen.reason == f"The domain x.example does not exist. {DOWNGRADED}"
    assert ErrorPolicies(downgraded=("550",)).apply(gone).kind is FAILED
