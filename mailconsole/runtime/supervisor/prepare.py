"""What must be true before any part starts: tables, static files, a first revision, a first administrator."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from mailconsole import __version__
from mailconsole.accounts.services.first_administrator import create_first_administrator
from mailconsole.celery import app as celery_app
from mailconsole.changes.services.revisions import ensure_initial_revision
from mailconsole.environment import ROOT
from mailconsole.runtime.supervisor.refusals import CannotStart


def use_broker(url: str) -> None:
    """Let this process reach the broker too: its settings were read before there was one."""
    settings.REDIS_URL = url
    celery_app.conf.broker_url = url


def migrate() -> bool:
    """Bring the tables up to date; returns whether there was anything to do. Raises CannotStart."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise CannotStart(f"DATABASE_URL: the console's database can't be used: {_first_line(error)}") from error
    return True


def collect_static() -> bool:
    """Copy static files under versioned names when any has changed; returns whether that was so."""
    stamp = Path(settings.HOME) / "static" / ".collected"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return False
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(state)
    return True


def first_revision() -> None:
    """Make revision 1 where there is none."""
    ensure_initial_revision()


def first_password() -> tuple[str, str] | None:
    """Make the first administrator; (user name, password) when that was now."""
    made = create_first_administrator()
    return (made.person.username, made.password) if made else None


def close_connections() -> None:
    connections.close_all()


def _static_state() -> str:
    """Changes when any file's name, size or time does."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            status = path.stat()
            digest.update(f"{path.relative_to(ROOT)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
