"""What some tests need of the machine: each need is one value that can be checked and says how to have it.

A test names its needs with `@pytest.mark.needs("swaks")`, or has them by using a fixture. Where one is missing, the
test is left out and the end of the run says so; with MAILCONSOLE_TESTS_COMPLETE=1 leaving anything out fails the run.
"""

import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from tests.support import lab, left_out, postgres


@dataclass(frozen=True)
class Need:
    name: str
    is_met: Callable[[], bool]
    how: str


def _is_root() -> bool:
    return os.geteuid() == 0


def _has_program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _has_kerberos() -> bool:
    return importlib.util.find_spec("gssapi") is not None and _has_program("ktutil")()


NEEDS = {
    need.name: need
    for need in (
        Need("root", _is_root, "run the tests as root"),
        Need("lab-ad", lab.AD.can_serve, "as root on Debian: tests/lab/ad start"),
        Need("lab-dns", lab.DNS.can_serve, "as root on Debian: tests/lab/dns start"),
        Need("lab-nexthop", lab.NEXTHOP.can_serve, "as root on Debian: tests/lab/nexthop start"),
        Need("chromium", _has_program("chromium"), "apt-get install chromium"),
        Need("postgresql", postgres.is_installed, "apt-get install postgresql"),
        Need("slapd", _has_program("slapd"), "apt-get install slapd"),
        Need(
            "kerberos",
            _has_kerberos,
            "apt-get install gcc python3-dev libkrb5-dev krb5-user, then MAILCONSOLE_EXTRAS=kerberos ./console test",
        ),
        Need("swaks", _has_program("swaks"), "apt-get install swaks"),
        Need("smtp-source", _has_program("smtp-source"), "apt-get install postfix"),
    )
}

NEEDS_OF_FIXTURES = {
    "lab_ad": "lab-ad",
    "lab_dns": "lab-dns",
    "lab_nexthop": "lab-nexthop",
    "browser": "chromium",
    "browser_page": "chromium",
    "postgres_url": "postgresql",
}

_left_out = pytest.StashKey[Counter[str]]()


@cache
def is_met(name: str) -> bool:
    """Checked once a run: a need that comes or goes meanwhile would make the summary a riddle."""
    return NEEDS[name].is_met()


def needs_of(item: pytest.Item) -> set[str]:
    named = {name for mark in item.iter_markers("needs") for name in mark.args}
    unknown = named - NEEDS.keys()
    if unknown:
        raise pytest.UsageError(f"{item.nodeid}: unknown need {', '.join(sorted(unknown))}; known: {', '.join(NEEDS)}")
    fixtures = getattr(item, "fixturenames", ())
    return named | {NEEDS_OF_FIXTURES[name] for name in fixtures if name in NEEDS_OF_FIXTURES}


def sentences(counted: Mapping[str, int]) -> list[str]:
    """What was left out, one line each, and how to have it."""
    return [left_out.sentence(name, count, NEEDS[name].how) for name, count in sorted(counted.items())]


def must_be_complete() -> bool:
    return os.environ.get("MAILCONSOLE_TESTS_COMPLETE") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = Counter()
    config.addinivalue_line("markers", "needs(*names): what the test needs of the machine, see tests/support/needs.py")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = sorted(name for name in needs_of(item) if not is_met(name))
    if missing:
        item.config.stash[_left_out].update(missing)
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter is not None and reporter.stats.get("skipped")
    if (
        skipped
        and must_be_complete()
        and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counted = config.stash[_left_out]
    if not left_out.hand_on(counted):
        for line in sentences(counted):
            terminalreporter.write_line(line)
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and must_be_complete():
        terminalreporter.write_line(f"MAILCONSOLE_TESTS_COMPLETE=1 and {len(skipped)} tests were left out:", red=True)
        for report in skipped:
            terminalreporter.write_line(f"  {report.nodeid}: {report.longrepr[2]}")
