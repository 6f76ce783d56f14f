"""Whether a service account may sign in, and who it is then. Pure: whether the password is right comes in."""

from __future__ import annotations

from collections.abc import Iterable

from transport.config.objects import ServiceAccount
from transport.ports.accounts import AuthAnswer, AuthResult


def by_username(accounts: Iterable[ServiceAccount]) -> dict[str, ServiceAccount]:
    """The accounts by user name, in the form in which user names are compared."""
    return {account.username.casefold(): account for account in accounts}


def addresses(account: ServiceAccount) -> tuple[str, ...]:
    """What it may send as, in lower case."""
    return tuple(address.lower() for address in account.addresses)


def objection(account: ServiceAccount, *, now: float) -> str:
    """Why it can't sign in, whatever the password; empty when it can."""
    if not account.is_enabled:
        return f"the service account {account.name} is disabled"
    if account.expires_at is not None and now >= account.expires_at.timestamp():
        return f"the service account {account.name} expired on {account.expires_at:%Y-%m-%d %H:%M} UTC"
    return ""


def answer(account: ServiceAccount, *, is_right: bool, is_repeated: bool = False, now: float) -> AuthAnswer:
    """The answer to AUTH, once the password was looked at."""
    key = account.username.casefold()
    if not is_right:
        why = "the same wrong password as before" if is_repeated else "wrong password"
        reason = f"{why} of the service account {account.name}"
        return AuthAnswer(AuthResult.NO, reason=reason, account=key, is_repeated=is_repeated)
    because = objection(account, now=now)
    if because:
        return AuthAnswer(AuthResult.NO, reason=because, account=key)
    return AuthAnswer(AuthResult.YES, identity=account.username, addresses=addresses(account), account=key)
