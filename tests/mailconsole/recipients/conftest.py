"""Each test has a home of its own: look-up files are not part of the database that is rolled back."""

import pytest


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path
