"""`up`: from nothing to a running product, saying what happens; nothing is left half done when it cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mailconsole.environment import Environment, EnvironmentRefused, ensure_home
from mailconsole.runtime.supervisor import addresses, prepare
from mailconsole.runtime.supervisor.refusals import CannotStart
from mailconsole.runtime.supervisor.state import lock, read_state
from mailconsole.runtime.supervisor.summary import summary
from mailconsole.runtime.supervisor.supervisor import Supervisor
from mailconsole.runtime.supervisor.unused_home import take_away_unused


def say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)


def up(environment: Environment, *, is_detached: bool = False) -> None:
    """Start everything and stay until told to stop. Raises CannotStart.

    Detached, the summary goes to the pipe that the parent reads, and everything later to the supervisor's log.
    """
    home = _home(environment)
    held = lock(home)
    if held is None:
        raise CannotStart(_already_running(home))
    with held:
        supervisor = Supervisor(environment, say)
        supervisor.obey_signals()
        supervisor.end_orphans()
        _check_addresses(environment)
        try:
            password = _start(supervisor)
        except BaseException:
            supervisor.stop()
            raise
        print(summary(environment, supervisor.state, password), flush=True)
        if is_detached:
            _write_to_log(supervisor.log_of("supervisor"))
        supervisor.run()
        say("Stopped.")


def _start(supervisor: Supervisor) -> tuple[str, str] | None:
    say("Starting the broker")
    prepare.use_broker(supervisor.start_broker())
    if prepare.migrate():
        say("Made the tables of the console's database")
    if prepare.collect_static():
        say("Collected the static files")
    prepare.first_revision()
    prepare.close_connections()
    say("Starting web, control, beat and transport")
    supervisor.start_parts()
    password = prepare.first_password()  # last, so that no failure hides what is shown only once
    prepare.close_connections()
    return password


def _check_addresses(environment: Environment) -> None:
    try:
        addresses.check_free(environment)
    except CannotStart:
        take_away_unused(environment.home)
        raise


def _home(environment: Environment) -> Path:
    try:
        home = ensure_home(environment.home)
        (home / "log").mkdir(mode=0o700, exist_ok=True)
    except EnvironmentRefused as refusal:
        raise CannotStart(str(refusal)) from refusal
    return home


def _already_running(home: Path) -> str:
    state = read_state(home)
    who = f" (pid {state.supervisor.pid})" if state else ""
    return f"Mailconsole already runs in {home}{who}. ./console status shows it, ./console down stops it."


def _write_to_log(log: Path) -> None:
    """Give the terminal back: the parent sees the end of the pipe."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
