"""Why a node can't read what was published, in words that name the thing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mailconsole import __version__
from mailconsole.runtime.revisions import why_unreadable
from transport.config.document import MailFlow


def why(**document: object) -> str:
    with pytest.raises(ValidationError) as caught:
        MailFlow.model_validate(document)
    return why_unreadable(caught.value)


def test_fields_of_a_newer_mailconsole__are_named_with_what_to_do():
    said = why(organization={f"new_{letter}": 1 for letter in "abcde"})
    assert said == (
        f"A newer Mailconsole made it: this node's, {__version__}, does not know organization.new_a, "
        "organization.new_b, organization.new_c and 2 more. Upgrade this node."
    )


def test_value_that_is_none__is_explained_at_its_place():
    said = why(accepted_domains=[{"id": "a", "name": "A", "domain": "a.example", "domain_type": "Strange"}])
    assert said.startswith("accepted_domains[0].domain_type: must be ") and "pydantic" not in said and "\n" not in said
