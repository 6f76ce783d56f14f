"""Somebody signs in to the console with a directory's password: proved by a bind, with a bounded wait, and never so
often that the account gets locked there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from django.http import HttpRequest

from directory import errors
from directory.people import Standing, standings
from directory.settings import SourceSettings
from directory.sign_in import Person, check_password
from mailconsole.accounts.models import User
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import ConsoleSignInRefused
from mailconsole.recipients.services.people import let_in
from mailconsole.recipients.services.sign_in_tries import Tries
from mailconsole.recipients.services.sources import settings_of

CONNECT_S, RECEIVE_S = 2, 4
AWAY = "The directory does not answer now. Try again soon; local administrators can sign in."
TOO_MANY = "Too many wrong passwords. Wait ten minutes; the directory is not asked meanwhile, so that it locks nothing."
log = structlog.get_logger(__name__)


def sign_in(*, name: str, password: str, now: datetime, request: HttpRequest | None = None) -> User | None:
    """The person, or None where no directory knows the name with this password. Raises ConsoleSignInRefused with what
    may be said to somebody whose password was right, or where nobody could be asked."""
    sources = DirectorySource.objects.filter(is_enabled=True, is_console_sign_in_allowed=True)
    if not name or not password or not sources:
        return None
    # What is said depends on the name as typed, whether anybody is called so or not; what is asked, on the account.
    typed = Tries("name", name.rpartition("\\")[2].casefold())
    if typed.is_spent(now):
        raise ConsoleSignInRefused(TOO_MANY)
    is_away = False
    for source in sources:
        try:
            return _ask(source, name, password, now, request)
        except errors.NoSuchAccount:
            continue
        except errors.BindRefused as refusal:
            log.warning("sign_in.directory_refused", source=source.pk, reason=str(refusal)[:300])
            _count_wrong(typed, password, now)
            return None
        except errors.DirectoryError as error:
            is_away = True
            log.warning("sign_in.directory_away", source=source.pk, reason=str(error)[:300])
    if is_away:
        raise ConsoleSignInRefused(AWAY)
    _count_wrong(typed, password, now)
    return None


def _ask(source: DirectorySource, name: str, password: str, now: datetime, request: HttpRequest | None) -> User | None:
    settings = replace(settings_of(source), connect_timeout_s=CONNECT_S, receive_timeout_s=RECEIVE_S)
    person = _prove(source, settings, name, password, now)
    return let_in(source=source, standing=_standing(settings, person.object_guid, now), now=now, request=request).user


def _prove(source: DirectorySource, settings: SourceSettings, name: str, password: str, now: datetime) -> Person:
    """Counts by the account, however its name is written. The bind is counted before it is made."""
    taken: list[Tries] = []

    def may_try(object_guid: str) -> None:
        tries = Tries("account", f"{source.pk} {object_guid}")
        if tries.is_known_wrong(password, now):
            raise errors.BadCredentials("The same wrong password as before: the directory was not asked again.")
        if not tries.take(now):
            raise errors.BadCredentials("Too many wrong passwords for this account: the directory was not asked.")
        taken.append(tries)

    try:
        person = check_password(settings, name=name, password=password, may_try=may_try)
    except errors.BadCredentials:  # a locked or disabled account says nothing of the password
        for tries in taken:
            tries.remember_wrong(password, now)
        raise
    for tries in taken:  # a controller that broke off may have counted: only a right password gives back
        tries.give_back()
    return person


def _standing(settings: SourceSettings, guid: str, now: datetime) -> Standing:
    found = standings(settings, [guid], now=now).get(guid)
    if found is None:
        raise errors.SearchFailed("The account that reads the directory may not read this person.")
    return found


def _count_wrong(typed: Tries, password: str, now: datetime) -> None:
    if not typed.is_known_wrong(password, now):
        typed.remember_wrong(password, now)
        typed.take(now)
