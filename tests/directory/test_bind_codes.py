"""Active Directory's sub-codes become named refusals in words."""

import pytest

from directory import errors
from directory.bind_codes import bind_refusal

TEXT = "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, data {}, v4563"


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("52e", errors.BadCredentials, "password is wrong"),
        ("525", errors.BadCredentials, "no such user"),
        ("530", errors.LogonHoursRefused, "at this hour"),
        ("531", errors.WorkstationRefused, "from this computer"),
        ("532", errors.PasswordExpired, "password has expired"),
        ("533", errors.AccountDisabled, "disabled"),
        ("701", errors.AccountExpired, "account has expired"),
        ("773", errors.PasswordMustChange, "must be changed"),
        ("775", errors.AccountLocked, "locked"),
    ],
)
def test_bind_refusal__each_sub_code__is_named_and_explained(code, kind, words):
    refusal = bind_refusal(user="anna", result_code=49, diagnostic=TEXT.format(code))
    assert type(refusal) is kind
    assert refusal.code == code
    assert words in str(refusal)


def test_bind_refusal__no_sub_code__is_bad_credentials():
    assert type(bind_refusal(user="anna", result_code=49, diagnostic="")) is errors.BadCredentials


def test_bind_refusal__unknown_result__is_said_with_its_number():
    assert "53" in str(bind_refusal(user="anna", result_code=53, diagnostic="unwilling"))
