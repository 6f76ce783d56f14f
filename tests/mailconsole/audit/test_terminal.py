"""Commands of people: what they record came from a terminal, whichever command it was."""

from __future__ import annotations

from argparse import ArgumentParser, _SubParsersAction

import pytest
from django.core.management import call_command, get_commands, load_command_class

from mailconsole.audit.models import AuditEntry
from mailconsole.audit.terminal import TerminalCommand
from mailconsole.changes.services.revisions import ensure_initial_revision
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_administrator

OURS = sorted(name for name, app in get_commands().items() if str(app).startswith("mailconsole."))
OF_PROCESSES = {"up", "down", "prepare", "status", "look_up_file"}
"""Start and tend processes, or are run by one: nobody records anything by them."""
RECORDING = {
    "certificate": ("request", "mail", "--host", "mail.contoso.example", "--as", "root"),
    "learn": ("start", "default", "--as", "root"),
    "queue": ("hold", "add", "--sender", "contoso.example", "--reason", "x", "--as", "root"),
    "directory": (
        "add",
        "contoso",
        "--server",
        "127.0.0.1",
        "--base-dn",
        "DC=contoso",
        "--bind-user",
        "a@contoso.example",
    ),
    "create_first_administrator": (),
    "config": ("open", "--title", "Scanners", "--as", "root"),
}


def takes_a_person(parser: ArgumentParser) -> bool:
    inner = [one for action in parser._actions if isinstance(action, _SubParsersAction)
             for one in action.choices.values()]  # fmt: skip
    return "--as" in parser._option_string_actions or any(map(takes_a_person, inner))


@pytest.mark.parametrize("name", OURS)
def test_every_command__of_people__is_one_of_a_terminal(name):
    command = load_command_class(get_commands()[name], name)
    is_asked = takes_a_person(command.create_parser("console", name))
    assert isinstance(command, TerminalCommand) is (name not in OF_PROCESSES)
    assert not is_asked or name in RECORDING


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(RECORDING))
def test_what_a_command_records__says_that_it_came_from_a_terminal(name, monkeypatch, live_redis):
    monkeypatch.setenv("MAILCONSOLE_BIND_PASSWORD", "secret")
    ensure_initial_revision()
    if name != "create_first_administrator":
        publish_policy()
        create_administrator(username="root")
    before = AuditEntry.objects.count()
    call_command(name, *RECORDING[name])
    new = AuditEntry.objects.filter(number__gt=before)
    assert new and all(one.peer.startswith("a terminal of ") for one in new)
