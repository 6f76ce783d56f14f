"""The test kit's fixtures and marks; each lives in its own file of tests/support."""

pytest_plugins = (
    "tests.support.lab",
    "tests.support.postgres",
    "tests.support.valkey",
    "tests.support.live",
    "tests.support.certificates",
    "tests.support.sink",
    "tests.support.disk",
    "tests.support.browser",
    "tests.support.web",
    "tests.support.product",
    "tests.support.story",
    "tests.support.name_server",
    "tests.support.needs",  # after those it imports, so that their assertions are rewritten
)
