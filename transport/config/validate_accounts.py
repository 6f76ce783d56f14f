"""Rules about service accounts: a user name is one account's, and an account is of use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.problem import Problem, Severity

ACCOUNTS = "service_accounts"


def _user_names_are_unique(document: MailFlow, now: datetime) -> Iterator[Problem]:
    holders: dict[str, str] = {}
    for account in document.service_accounts:
        key = account.username.casefold()
        if key in holders:
            sentence = f"{holders[key]} signs in as {account.username} too: each account needs a user name of its own."
            yield Problem(ACCOUNTS, account.id, "username", sentence)
        holders.setdefault(key, account.name)


def _passwords_are_their_own(document: MailFlow, now: datetime) -> Iterator[Problem]:
    """Of the account alone: a new password for one would be one for the other, unsaid."""
    holders = {one.password_secret: one.name for one in document.send_connectors if one.password_secret}
    for account in document.service_accounts:
        other = holders.setdefault(account.password_secret, account.name)
        if other != account.name:
            sentence = f"{other} uses the secret {account.password_secret} too: give this account a secret of its own."
            yield Problem(ACCOUNTS, account.id, "password_secret", sentence)


def _accounts_are_of_use(document: MailFlow, now: datetime) -> Iterator[Problem]:
    signs_in = any(one.is_enabled and one.takes_users for one in document.receive_connectors)
    for account in document.service_accounts:
        if account.is_enabled and account.is_expired(now):
            sentence = f"{account.name} expired on {account.expires_at:%Y-%m-%d}: it can't sign in."
            yield Problem(ACCOUNTS, account.id, "expires_at", sentence, Severity.WARNING)
        if not account.addresses:
            sentence = f"{account.name} owns no address: it can send only as what a relay policy grants it."
            yield Problem(ACCOUNTS, account.id, "addresses", sentence, Severity.WARNING)
        if not signs_in:
            sentence = f"No receive connector serves users who signed in: {account.name} can't be used anywhere."
            yield Problem(ACCOUNTS, account.id, "username", sentence, Severity.WARNING)


RULES = (_user_names_are_unique, _passwords_are_their_own, _accounts_are_of_use)
