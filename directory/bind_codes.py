"""Active Directory's bind sub-codes in words. Pure: diagnostic text -> named refusal."""

import re

from directory import errors

_SUB_CODE = re.compile(r"\bdata ([0-9a-fA-F]{2,8})\b")

_LDAP_INVALID_CREDENTIALS = 49
_LDAP_STRONGER_AUTH_REQUIRED = 8

# The codes are Windows error numbers in hexadecimal, as Active Directory appends them to invalidCredentials.
_BY_CODE: dict[str, tuple[type[errors.BindRefused], str]] = {
    "525": (errors.BadCredentials, "there is no such user (525)"),
    "52e": (errors.BadCredentials, "the user is unknown or the password is wrong (52e)"),
    "530": (errors.LogonHoursRefused, "the account may not sign in at this hour (530)"),
    "531": (errors.WorkstationRefused, "the account may not sign in from this computer (531)"),
    "532": (errors.PasswordExpired, "the password has expired (532)"),
    "533": (errors.AccountDisabled, "the account is disabled (533)"),
    "701": (errors.AccountExpired, "the account has expired (701)"),
    "773": (errors.PasswordMustChange, "the password must be changed before the first sign-in (773)"),
    "775": (errors.AccountLocked, "the account is locked after too many wrong passwords (775)"),
    "80090346": (
        errors.BindRefused,
        "the controller enforces channel binding, which this bind lacks (80090346); use a simple bind over TLS",
    ),
}


def bind_refusal(*, user: str, result_code: int, diagnostic: str) -> errors.BindRefused:
    """The named refusal for the result of a bind that was not a success."""
    if result_code == _LDAP_STRONGER_AUTH_REQUIRED:
        return errors.StrongerAuthRequired(f"Cannot sign in as {user}: the controller refuses passwords without TLS.")
    match = _SUB_CODE.search(diagnostic)
    code = match.group(1).lower() if match else None
    if code in _BY_CODE:
        kind, words = _BY_CODE[code]
        return kind(f"Cannot sign in as {user}: {words}.", code=code)
    if result_code == _LDAP_INVALID_CREDENTIALS:
        return errors.BadCredentials(f"Cannot sign in as {user}: the user is unknown or the password is wrong.")
    return errors.BindRefused(
        f"Cannot sign in as {user}: LDAP result {result_code}, {diagnostic or 'no reason given'}."
    )
