"""The verbs of `config` that store secrets, and in whose name verbs act."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.services.account_password import make_account_password
from mailconsole.changes.services.ground import require
from mailconsole.common.secrets import is_for_documents, store_secret

Write = Callable[[str], Any]
Options = dict[str, Any]
USER_VARIABLE = "MAILCONSOLE_USER"


def secret(options: Options, write: Write) -> None:
    """The value comes from standard input, so that it stands in no process list and no shell history."""
    actor = actor_of(options["user"])
    require(actor, Role.EDITOR)
    if actor.limit_of(Role.EDITOR) is not None:
        raise CommandError(f"{actor}'s role editor is limited: store a connector's password with its form.")
    if not is_for_documents(options["name"]):
        raise CommandError("A name with a slash is one of the console's own secrets: choose another.")
    value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise CommandError("Standard input is empty: write the password to it, for example with a here-document.")
    with transaction.atomic():
        store_secret(name=options["name"], value=value)
        audit.record(
            actor=actor,
            action="secret.stored",
            object_kind="secret",
            object_id=options["name"],
            summary=f"Stored the secret {options['name']}",
        )
    write(f"Stored. Connectors name it as password_secret: {options['name']}")


def password(options: Options, write: Write) -> None:
    """Printed once: only its hash is kept."""
    name = options["name"]
    made = make_account_password(actor=actor_of(options["user"]), secret=name, account=name, now=timezone.now())
    write(made)
    write(f"Only its hash is stored. Service accounts name it as password_secret: {name}")


def actor_of(name: str | None) -> User:
    """Whose act it is: `--as`, else MAILCONSOLE_USER, else the only administrator. Raises CommandError."""
    wanted = name or os.environ.get(USER_VARIABLE, "")
    active = User.objects.filter(is_active=True)
    if wanted:
        found = active.filter(username=wanted).first()
        if found is None:
            raise CommandError(f"There is no active person '{wanted}'.")
        return found
    administrators = list(active.filter(groups__name=Role.ADMINISTRATOR.value)[:2])
    if len(administrators) != 1:
        raise CommandError(f"Say whose change it is: --as USER, or the variable {USER_VARIABLE}.")
    return administrators[0]
