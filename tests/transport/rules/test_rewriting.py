"""Which address is shown for which, most specific first, and back."""

import pytest

from transport.config.objects import AddressRewriteEntry
from transport.model.address import NULL, parse_mailbox
from transport.rules.rewriting import Rewriting


def entry(internal, external, **fields):
    return AddressRewriteEntry(
        id="e", name=internal, internal_address=internal, external_address=external,
        **{"is_outbound_only": internal.startswith("*.")} | fields,
    )  # fmt: skip


RULES = Rewriting(
    (
        entry("corp.local", "acme.example"),
        entry("ann@corp.local", "Ann.Lee@acme.example"),
        entry("*.corp.local", "sub.example", exceptions=("lab.corp.local", "*.raw.corp.local")),
        entry("*.deep.corp.local", "deep.example"),
        entry("off.local", "never.example", is_enabled=False),
        entry("out@corp.local", "o@acme.example", is_outbound_only=True),
    )
)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("bob@corp.local", "bob@acme.example"),
        ("ANN@corp.local", "Ann.Lee@acme.example"),
        ("x@eu.corp.local", "x@sub.example"),
        ("x@a.deep.corp.local", "x@deep.example"),
        ("x@lab.corp.local", None),
        ("x@a.lab.corp.local", "x@sub.example"),
        ("x@a.raw.corp.local", None),
        ("x@off.local", None),
        ("x@notcorp.local", None),
    ],
)
def test_outward__most_specific_entry__decides(inside, outside):
    found = RULES.outward(parse_mailbox(inside))
    assert (str(found[0]) if found else None) == outside


@pytest.mark.parametrize(
    ("outside", "inside"),
    [
        ("bob@acme.example", "bob@corp.local"),
        ("ann.lee@ACME.example", "ann@corp.local"),
        ("o@acme.example", "o@corp.local"),
        ("x@sub.example", None),
        ("x@never.example", None),
    ],
)
def test_inward__entries_that_are_not_outbound_only__lead_back(outside, inside):
    found = RULES.inward(parse_mailbox(outside))
    assert (str(found[0]) if found else None) == inside


def test_outward__tree_shown_as_its_own_head__changes_subdomains_alone():
    flat = Rewriting((entry("*.acme.example", "acme.example"),))
    assert flat.outward(parse_mailbox("x@acme.example")) is None
    found = flat.outward(parse_mailbox("x@eu.acme.example"))
    assert found is not None and str(found[0]) == "x@acme.example"
    assert found[1].internal_address == "*.acme.example"


def test_outward__null_sender__stays_null():
    assert RULES.outward(NULL) is None and not Rewriting(())
