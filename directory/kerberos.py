"""SASL GSSAPI (RFC 4752) as ldap3 does it: which credentials it takes, and every failure in words.

The package gssapi is optional: where it cannot be imported, this module says so and nothing else changes.
"""

import hashlib
from pathlib import Path
from typing import Any

import ldap3

from directory import errors
from directory.failures import printable
from directory.settings import Server, SourceSettings

try:
    import gssapi
except ImportError:  # also where MIT Kerberos' own libraries are missing
    gssapi = None

NOT_INSTALLED = (
    "Kerberos needs the Python package gssapi, which this machine lacks. Install MIT Kerberos and a compiler (on "
    "Debian: apt-get install gcc python3-dev libkrb5-dev krb5-user), then start Mailconsole with "
    "MAILCONSOLE_EXTRAS=kerberos; or pip install gssapi where you made its environment yourself."
)


def is_available() -> bool:
    return gssapi is not None


def failures() -> tuple[type[BaseException], ...]:
    """What gssapi raises; ldap3 lets it through."""
    return (gssapi.exceptions.GSSError,) if gssapi is not None else ()


def bind_options(settings: SourceSettings, server: Server) -> dict[str, Any]:
    """How ldap3 is to bind. Raises KerberosFailed where that cannot be tried."""
    if gssapi is None:
        raise errors.KerberosFailed(NOT_INSTALLED)
    if settings.keytab:
        _check_keytab(settings.keytab)
    return {
        "authentication": ldap3.SASL,
        "sasl_mechanism": ldap3.KERBEROS,
        "sasl_credentials": (_host(settings, server),),
        "cred_store": _store(settings),
    }


def failure(settings: SourceSettings, server: Server, error: BaseException) -> errors.DirectoryError:
    """In words. What may count as a wrong password is a BindRefused: no other controller is tried with it."""
    text = printable(error)
    reason = text.rpartition("Minor (")[2].partition("): ")[2] or text
    for sign, words in _REFUSALS:
        if sign in text:
            return errors.BadCredentials(f"Kerberos refuses {settings.bind_user}: {words} ({reason}).")
    for sign, words in _FAILURES:
        if sign in text:
            name = f"ldap/{_host(settings, server)}"
            said = words.format(user=settings.bind_user, service=name)
            return errors.KerberosFailed(f"Kerberos failed for {server}: {said} ({reason}).")
    return errors.KerberosFailed(f"Kerberos failed for {server}: {reason}.")


_REFUSALS = (
    ("Preauthentication failed", "the key in the keytab is not that of the account now; make the keytab again"),
    ("not found in Kerberos database while getting initial", "there is no such account"),
    ("Client not found in Kerberos database", "there is no such account"),
    ("credentials have been revoked", "the account is disabled or locked"),
    ("Password has expired", "its password has expired"),
)
_FAILURES = (
    ("Cannot find KDC", "no key distribution centre is known: name the realm in krb5.conf, or have DNS name it"),
    ("Cannot contact any KDC", "no key distribution centre answers"),
    ("Cannot resolve", "the name of the key distribution centre cannot be resolved"),
    ("Clock skew", "the clocks of this machine and the controller differ by too much"),
    ("Server not found in Kerberos database", "the domain knows no {service}: give the controller's own host name, or "
     "put it under Name in the certificate"),
    ("Cannot determine realm", "no realm is known for {service}: give the controller's own host name, or put it under "
     "Name in the certificate"),
    ("Ticket expired", "the ticket in the credential cache has expired; something must renew it, or use a keytab"),
    ("No key table entry", "the keytab holds no key of {user}"),
    ("Keytab contains no suitable keys", "the keytab holds no key of {user}"),
    ("Can't find client principal", "the credential cache holds no ticket of {user}"),
    ("No credentials cache found", "there is no ticket of {user}: no credential cache, and no key of it in the keytab"),
    ("No Kerberos credentials available", "there is no ticket of {user}: no credential cache, and no keytab"),
)  # fmt: skip


def _host(settings: SourceSettings, server: Server) -> str:
    """Whom the ticket is for: the name that the certificate must hold, too."""
    return settings.tls_name or server.host


def _store(settings: SourceSettings) -> dict[str, str] | None:
    """Tickets by a keytab lie in memory, and the library renews them; by one name, so that they are not asked anew for
    each connection."""
    if settings.keytab:
        said = repr((settings.bind_user, settings.keytab, _changed_at(settings.keytab)))
        name = hashlib.sha256(said.encode()).hexdigest()[:24]
        return {"client_keytab": f"FILE:{settings.keytab}", "ccache": f"MEMORY:mailconsole-{name}"}
    return {"ccache": settings.credential_cache} if settings.credential_cache else None


def _check_keytab(path: str) -> None:
    try:
        with Path(path).open("rb") as keytab:
            is_keytab = keytab.read(1) == b"\x05"  # the format's own first octet
    except OSError as error:
        raise errors.KerberosFailed(f"The keytab {path} cannot be read: {error.strerror}.") from error
    if not is_keytab:
        raise errors.KerberosFailed(f"The file {path} is no keytab.")


def _changed_at(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0
