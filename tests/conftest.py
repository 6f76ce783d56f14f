"""The test kit's fixtures and marks; each lives in its own file of tests/support."""

from hypothesis import HealthCheck, settings

# A busy machine is no fault of what is tested: properties are bounded by their examples, not by the clock.
settings.register_profile("by_examples", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("by_examples")

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
