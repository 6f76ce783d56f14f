"""Who edits mail flow."""

from __future__ import annotations

import pytest

from tests.support.factories import create_editor


@pytest.fixture
def editor():
    return create_editor()
