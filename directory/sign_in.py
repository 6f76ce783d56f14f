"""A password check: whose name it is, found by the account that reads the directory, proved by a bind as that person.

Active Directory counts each wrong password towards the account's lockout: one call here tries one at one controller.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ldap3.utils.conv import escape_filter_chars

from directory import errors
from directory.connection import Connection
from directory.entry import Entry
from directory.settings import Security, SourceSettings
from directory.source import with_first_that_works

_ATTRIBUTES = ("objectGUID", "displayName", "sAMAccountName", "userPrincipalName")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose password was right."""

    object_guid: str
    dn: str
    display_name: str
    account_name: str
    user_principal_name: str


def check_password(
    settings: SourceSettings, *, name: str, password: str, may_try: Callable[[str], None] = lambda object_guid: None
) -> Person:
    """Whose name and password these are, by user principal name, account name or address. `may_try` gets the account
    that was found before its password is tried, and raises BindRefused where that must not be.

    Raises BindRefused (and its kinds) where the answer is no, DirectoryUnavailable where there is none, and
    InsecureConnectionRefused for a directory in plain LDAP. A refused
    password is not tried on the next controller.
    """
    if settings.security is Security.PLAIN:
        raise errors.InsecureConnectionRefused("Nobody's password is checked in plain LDAP: use LDAPS or StartTLS.")
    if not password:
        raise errors.EmptyPassword("An empty password is never accepted.")
    try:
        return with_first_that_works(settings, lambda connection: _prove(connection, settings, name, password, may_try))
    except errors.BindRefused as refusal:
        if refusal.account or isinstance(refusal, errors.NoSuchAccount):
            raise
        raise errors.ReaderRefused(f"The account that reads the directory is refused: {refusal}") from refusal


def _prove(
    connection: Connection, settings: SourceSettings, name: str, password: str, may_try: Callable[[str], None]
) -> Person:
    entry = _find_account(connection, settings, name)
    person = Person(
        object_guid=entry.guid("objectGUID") or entry.dn,
        dn=entry.dn,
        display_name=entry.text("displayName"),
        account_name=entry.text("sAMAccountName"),
        user_principal_name=entry.text("userPrincipalName"),
    )
    try:
        may_try(person.object_guid)
        Connection.open(settings, connection.server, user=entry.dn, password=password).close()
    except errors.BindRefused as refusal:
        refusal.account = person.object_guid
        raise
    return person


def _find_account(connection: Connection, settings: SourceSettings, name: str) -> Entry:
    full = name.rpartition("\\")[2]  # DOMAIN\name
    bare = _without_domain(full, settings.base_dn)
    account, short = escape_filter_chars(full), escape_filter_chars(bare)
    search_filter = _account_filter(dict(settings.attribute_names), account, short)
    pages = connection.search_pages(settings.base_dn, search_filter, _ATTRIBUTES, page_size=10)
    found = [entry for page in pages for entry in page]
    exact = [e for e in found if _is_called(e, "userPrincipalName", full)]
    exact = exact or [e for e in found if _is_called(e, "sAMAccountName", bare)]
    accounts = exact or found
    if len(accounts) != 1:
        reason = "there is no such account" if not accounts else f"{len(accounts)} accounts claim this name"
        raise errors.NoSuchAccount(f"Cannot sign in as {name[:80]!r}: {reason}.")
    return accounts[0]


def _account_filter(names: dict[str, str], account: str, short: str) -> str:
    """Both are escaped already; `names` are what this directory calls Exchange's attributes."""
    typed = "" if "proxyAddresses" in names else "smtp:"
    asked = [("userPrincipalName", account), ("sAMAccountName", short), ("proxyAddresses", typed + account)]
    called = "".join(f"({names.get(ours, ours)}={value})" for ours, value in [*asked, ("mail", account)])
    return f"(&(|(objectClass=user)(objectClass=inetOrgPerson))(|{called}))"


def _is_called(entry: Entry, attribute: str, name: str) -> bool:
    return entry.text(attribute).lower() == name.lower()


def _without_domain(name: str, base_dn: str) -> str:
    """An account name where it is written with the domain's own name, as Active Directory takes it too."""
    local, _, domain = name.rpartition("@")
    labels = [part.partition("=") for part in base_dn.split(",")]
    own = ".".join(value for kind, _, value in labels if kind.strip().lower() == "dc")
    return local if local and domain.lower() == own.lower() else name
