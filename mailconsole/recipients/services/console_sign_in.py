"""Somebody signs in to the console with a directory's password: proved by a bind, with a bounded wait, and never so
often that the account gets locked there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from directory import errors
from directory.people import Standing, standings
from directory.settings import SourceSettings
from directory.sign_in import check_password
from mailconsole.accounts.models import User
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import ConsoleSignInRefused
from mailconsole.recipients.services.people import let_in
from mailconsole.recipients.services.sources import settings_of

CONNECT_S, RECEIVE_S = 2, 4
MOST_WRONG, WRONG_FOR_S = 3, 600
"""Active Directory locks an account after five or ten; the owner's own tries elsewhere count there too."""
AWAY = "The directory does not answer now. Try again soon; local administrators can sign in."
TOO_MANY = "Too many wrong passwords. Wait ten minutes; the directory is not asked meanwhile, so that it locks nothing."
log = structlog.get_logger(__name__)


def sign_in(*, name: str, password: str, now: datetime, request: HttpRequest | None = None) -> User | None:
    """The person, or None where no directory knows the name with this password. Raises ConsoleSignInRefused with what
    may be said to somebody whose password was right, or where nobody could be asked."""
    if not name or not password:
        return None
    is_away = False
    for source in DirectorySource.objects.filter(is_enabled=True, is_console_sign_in_allowed=True):
        try:
            return _ask(source, name, password, now, request)
        except errors.NoSuchAccount:
            continue
        except errors.BindRefused as refusal:
            _count_wrong(name, password)
            log.warning("sign_in.directory_refused", source=source.pk, reason=str(refusal)[:300])
            return None
        except errors.DirectoryError as error:
            is_away = True
            log.warning("sign_in.directory_away", source=source.pk, reason=str(error)[:300])
    if is_away:
        raise ConsoleSignInRefused(AWAY)
    return None


def _ask(source: DirectorySource, name: str, password: str, now: datetime, request: HttpRequest | None) -> User | None:
    settings = replace(settings_of(source), connect_timeout_s=CONNECT_S, receive_timeout_s=RECEIVE_S)
    if cache.get(_key("same", name, password)):
        raise errors.BadCredentials("The same wrong password as before: the directory was not asked again.")
    if (cache.get(_key("count", name)) or 0) >= MOST_WRONG:
        raise ConsoleSignInRefused(TOO_MANY)
    person = check_password(settings, name=name, password=password)
    return let_in(source=source, standing=_standing(settings, person.object_guid, now), now=now, request=request).user


def _standing(settings: SourceSettings, guid: str, now: datetime) -> Standing:
    found = standings(settings, [guid], now=now).get(guid)
    if found is None:
        raise errors.SearchFailed("The account that reads the directory may not read this person.")
    return found


def _count_wrong(name: str, password: str) -> None:
    same, count = _key("same", name, password), _key("count", name)
    if cache.add(same, 1, WRONG_FOR_S):  # the same one again guesses nothing anew
        cache.add(count, 0, WRONG_FOR_S)
        cache.incr(count)


def _key(what: str, *told: str) -> str:
    digest = salted_hmac("directory sign-in", "\0".join([told[0].casefold(), *told[1:]])).hexdigest()
    return f"directory-sign-in-{what}-{digest}"
