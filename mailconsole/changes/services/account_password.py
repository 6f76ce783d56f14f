"""Passwords of service accounts: made here, told once, kept as a hash. A new one counts at once, without a review."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.passwords import make_password
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.refusals import OutOfReach
from mailconsole.changes.services.ground import require, require_reach
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.refusals import Refusal
from mailconsole.common.secrets import SecretMissing, has_secret, read_secret, store_secret
from transport.config.diff import ObjectChange, as_json
from transport.rules import passwords


class SecretOfSomethingElse(Refusal):
    """The secret holds no password hash: what needs it would be cut off."""


@transaction.atomic
def make_account_password(
    *, actor: User, secret: str, account: str, now: datetime, request: HttpRequest | None = None
) -> str:
    """A new password for whoever signs in by ``secret``; the one before is over. Only this return value has it.

    Raises NotAllowed, SecretMissing, SecretOfSomethingElse.
    """
    require(actor, Role.EDITOR)
    _require_reach(actor, secret)
    if has_secret(secret) and not _is_of_an_account(read_secret(secret)):
        raise SecretOfSomethingElse(f"The secret {secret} holds no service account's password: use another name.")
    password = make_password()
    store_secret(name=secret, value=passwords.make_hash(password))
    audit.record(
        actor=actor,
        action="service_account.password_made",
        object_kind="secret",
        object_id=secret,
        summary=f"Made a new password for the service account {account}",
        request=request,
        now=now,
    )
    return password


def _require_reach(actor: User, secret: str) -> None:
    """A limited editor makes passwords of accounts in effect that are within the limit. Raises OutOfReach."""
    limit = actor.limit_of(Role.EDITOR)
    if limit is None:
        return
    accounts = [one for one in load_document(head_revision()).service_accounts if one.password_secret == secret]
    if not accounts:
        raise OutOfReach(f"{actor}'s role editor is limited to {limit.sentence}: no account in effect has that secret.")
    values = [as_json(one) for one in accounts]
    require_reach(actor, Role.EDITOR, [ObjectChange("service_accounts", one["id"], one, one) for one in values])


def has_password(secret: str) -> bool:
    """Whether any password is right."""
    try:
        return passwords.is_hash(read_secret(secret))
    except SecretMissing:
        return False


def _is_of_an_account(stored: str) -> bool:
    return stored == passwords.UNSET or passwords.is_hash(stored)
