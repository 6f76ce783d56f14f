"""Everything that can go wrong between us and a directory, by name.

str() of each is a plain sentence for an administrator. What cannot be answered now is a DirectoryUnavailable;
what was answered with no is a BindRefused.
"""


class DirectoryError(Exception):
    """Base of all refusals of this package."""


class DirectoryUnavailable(DirectoryError):
    """No answer can be had now; the same question may be answered later."""


class ServerUnreachable(DirectoryUnavailable):
    """No controller took the connection."""


class CertificateRefused(DirectoryUnavailable):
    """The controller's certificate is not one that we may trust."""


class ReaderRefused(DirectoryUnavailable):
    """The account that reads the directory may not sign in: nobody's password can be checked."""


class KerberosFailed(DirectoryUnavailable):
    """No ticket could be had, or this machine lacks what Kerberos needs."""


class SearchFailed(DirectoryUnavailable):
    """The directory ended a search with an error, so its answer is not whole. `code` is LDAP's, if one came."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class FilterRefused(SearchFailed):
    """The search cannot be made at all: its filter is malformed, or its base is not there."""


class DirSyncRefused(DirectoryError):
    """The controller tells no changes by DirSync, or not to this account; they can be had otherwise."""


class CookieRefused(DirectoryError):
    """The controller no longer knows how far it was read by DirSync: everything must be read."""


class InsecureConnectionRefused(DirectoryError):
    """Plain LDAP would send passwords in clear text and was not allowed by the source."""


class InvalidSourceSettings(DirectoryError):
    """A setting of the source cannot be used as it stands; `field` names it where it is one alone."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class BindRefused(DirectoryError):
    """The directory refused the name and password. `code` is Active Directory's sub-code, if it gave one; `account`
    the object GUID of the account that was meant, if it was found."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.account = ""


class BadCredentials(BindRefused):
    """Unknown user or wrong password; Active Directory does not tell which (52e, 525)."""


class NoSuchAccount(BadCredentials):
    """No account has this name, or more than one: no password was tried."""


class EmptyPassword(BadCredentials):
    """An empty password would be an unauthenticated bind, which succeeds for anybody (RFC 4513 5.1.2)."""


class LogonHoursRefused(BindRefused):
    """The account may not sign in at this hour (530)."""


class WorkstationRefused(BindRefused):
    """The account may not sign in from this computer (531)."""


class PasswordExpired(BindRefused):
    """The password is right but has expired (532)."""


class AccountDisabled(BindRefused):
    """The account is disabled (533)."""


class AccountExpired(BindRefused):
    """The account's own end date has passed (701)."""


class PasswordMustChange(BindRefused):
    """The password is right but must be changed before it can be used (773)."""


class AccountLocked(BindRefused):
    """Too many wrong passwords have locked the account (775)."""


class StrongerAuthRequired(BindRefused):
    """The controller takes no simple bind without TLS (RFC 4511 4.1.9, strongerAuthRequired)."""


class SuspiciousShrink(DirectoryError):
    """The answer holds so much less than before that it is kept from replacing the last good data."""


class SnapshotUnavailable(DirectoryError):
    """There is no look-up file, or it cannot be read: the question has no answer."""


class MembersUnknown(SnapshotUnavailable):
    """The address is a group's whose members the directory could not tell: mail to it waits."""
