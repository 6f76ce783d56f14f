"""The property tests are about whole documents: what they draw leaves no section out."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, settings

from tests.transport.config.drawn import DRAWN
from transport.config.document import SECTIONS, MailFlow


def test_drawn__each_section_of_the_document__has_a_strategy():
    assert set(DRAWN) == set(SECTIONS), "draw the new section in tests/transport/config/drawn.py"


@pytest.mark.parametrize("name", SECTIONS)
def test_drawn__section__is_drawn_with_something_in_it(name: str):
    usual = MailFlow().section(name)
    find(
        DRAWN[name],
        lambda drawn: MailFlow.model_validate({name: drawn}).section(name) != usual,
        settings=settings(phases=[Phase.generate], deadline=None, database=None),
    )
