"""A private PostgreSQL server for a test run: made in a temporary folder, on a free loopback port, gone afterwards.

`python -m tests.support.postgres -- COMMAND...` runs COMMAND with the DATABASE_URL of a fresh server. PostgreSQL
refuses to run as root, so root hands it to the user `postgres` or `nobody`.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ports import free_port

ROLE = "mailconsole"
# A database that lives for a minute need not survive a power cut.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=60")
START_TIMEOUT_S = 60
AGAIN = "MAILCONSOLE_TESTS_AGAIN"
"""Set in the environment of what `main` runs."""


def program(name: str) -> Path | None:
    """The newest `name` of PATH or of Debian's /usr/lib/postgresql/VERSION/bin."""
    found = shutil.which(name)
    if found:
        return Path(found)
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    return versions[0] if versions else None


def is_installed() -> bool:
    return program("initdb") is not None and program("pg_ctl") is not None


def _unprivileged_user() -> str | None:
    """Whom to run the server as; None when already somebody unprivileged."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: Sequence[str | Path], *, user: str | None, cwd: Path) -> None:
    # pg_ctl's server inherits stdout: a pipe would never end, so the output goes to a file.
    group = pwd.getpwnam(user).pw_gid if user else None
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=START_TIMEOUT_S * 2,
            check=False,
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{output.read().decode(errors='replace')}")


@contextmanager
def server() -> Iterator[str]:
    """Run a fresh server and give the DATABASE_URL of its empty database."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    user = _unprivileged_user()
    # /tmp, not TMPDIR: the path of a Unix socket holds about 100 bytes, and another user must be able to enter.
    home = Path(tempfile.mkdtemp(prefix="mailconsole-pg-", dir="/tmp"))
    try:
        if user:
            shutil.chown(home, user)
        port, password = free_port(), secrets.token_urlsafe(16)
        data = home / "data"
        password_file = home / "password"
        password_file.write_text(password)
        if user:
            shutil.chown(password_file, user)
        access: list[str] = ["-U", ROLE, "-A", "scram-sha-256", f"--pwfile={password_file}"]
        _run([initdb, "-D", data, *access, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], user=user, cwd=home)
        own = (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}")
        options = " ".join(f"-c {setting}" for setting in (*SETTINGS, *own))
        control: list[str | Path] = [pg_ctl, "-D", data, "-w", "-t", str(START_TIMEOUT_S)]
        _run([*control, "-l", home / "log", "-o", options, "start"], user=user, cwd=home)
        try:
            yield f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], user=user, cwd=home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DATABASE_URL of a private server for the whole run, for tests that start processes with their own database."""
    with server() as url:
        yield url


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the part that runs again on PostgreSQL: what asks no database would say the same twice."""
    if not os.environ.get(AGAIN):
        return
    asking = [item for item in items if asks_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if not asks_database(item)])
    items[:] = asking


def asks_database(item: pytest.Item) -> bool:
    """Whether it is marked so, or any of its fixtures opens the database for it."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & {"db", "transactional_db"})


def _call(command: Sequence[str], url: str) -> int:
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url, AGAIN: "1"})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it tidies up and ends, as we do then
            process.send_signal(signal.SIGINT)


def main(arguments: Sequence[str]) -> int:
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command:
        print("usage: python -m tests.support.postgres -- COMMAND...", file=sys.stderr)
        return 2
    # TERM unwinds like Ctrl-C, so that no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with server() as url:
            return _call(command, url)
    except RuntimeError as error:
        print(f"tests.support.postgres: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
