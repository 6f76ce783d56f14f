"""Pure: what mail flow rules may ask about a person: Exchange's names of attributes, and where a directory has them.

Private numbers and free notes stay out on purpose: no rule about mail needs them.
"""

from directory.entry import Entry

MOST_CHARACTERS = 256
MOST_VALUES = 10

_ORGANISED = {
    "FirstName": ("givenName",), "Initials": ("initials",), "LastName": ("sn",), "Title": ("title",),
    "Department": ("department",), "Company": ("company",), "Office": ("physicalDeliveryOfficeName",),
    "Street": ("streetAddress",), "POBox": ("postOfficeBox",), "City": ("l",), "State": ("st",),
    "ZipCode": ("postalCode",), "Country": ("co", "c"), "PhoneNumber": ("telephoneNumber",),
    "FaxNumber": ("facsimileTelephoneNumber",), "MobileNumber": ("mobile",),
}  # fmt: skip
_CUSTOM = {f"CustomAttribute{number}": (f"extensionAttribute{number}",) for number in range(1, 16)}
FROM_DIRECTORY: dict[str, tuple[str, ...]] = _ORGANISED | _CUSTOM
"""By Exchange's name of an attribute."""
LDAP_NAMES: tuple[str, ...] = tuple(name for names in FROM_DIRECTORY.values() for name in names)
EXCHANGE_NAMES: dict[str, str] = {name: ours for ours, names in FROM_DIRECTORY.items() for name in names}
DISPLAY_NAME, EMAIL, LOGON_NAME, MANAGER = "DisplayName", "Email", "UserLogonName", "Manager"


def attributes_of(entry: Entry) -> tuple[str, ...]:
    """``Department=Sales``: one text for each value, on one line each."""
    return tuple(
        f"{ours}={said}"
        for ours, names in FROM_DIRECTORY.items()
        for said in dict.fromkeys(_line(value) for name in names for value in entry.texts(name)[:MOST_VALUES])
        if said
    )


def values(attributes: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The values of one of them."""
    return tuple(one.partition("=")[2] for one in attributes if one.partition("=")[0] == name)


def _line(value: str) -> str:
    return " ".join(value.split())[:MOST_CHARACTERS]
