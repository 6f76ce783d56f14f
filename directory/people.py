"""What a directory says of people who sign in to the console: whether they still may, and in which groups they are.

Groups are known by their SID, as Active Directory lists those of a person: nested ones and the primary group too
(tokenGroups, MS-ADTS 3.1.1.4.5.19).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ldap3.utils.conv import escape_filter_chars

from directory import errors
from directory.connection import Connection
from directory.entry import Entry
from directory.settings import SourceSettings
from directory.source import with_first_that_works

_DISABLED = 0x2  # userAccountControl
_NEVER = {0, 0x7FFF_FFFF_FFFF_FFFF}  # accountExpires
_EPOCH_OFFSET_S = 11_644_473_600  # from 1601, where Windows begins to count
_ATTRIBUTES = ("objectGUID", "displayName", "userPrincipalName", "sAMAccountName", "mail", "userAccountControl",
               "accountExpires", "tokenGroups")  # fmt: skip
_GROUP_ATTRIBUTES = ("objectGUID", "objectSid", "sAMAccountName", "name")


@dataclass(frozen=True, slots=True)
class Group:
    """A security group; `sid` is its identity."""

    sid: str
    name: str
    dn: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One person now. `ended_because` is empty while they may sign in."""

    object_guid: str
    name: str
    user_name: str
    mail: str
    group_sids: frozenset[str]
    ended_because: str = ""


def find_groups(settings: SourceSettings, text: str) -> tuple[Group, ...]:
    """Security groups by account name, name or distinguished name. Raises DirectoryUnavailable, BindRefused."""
    named = escape_filter_chars(text.strip())
    search_filter = (
        f"(&(objectClass=group)(groupType:1.2.840.113556.1.4.803:=2147483648)"
        f"(|(sAMAccountName={named})(name={named})(distinguishedName={named})))"
    )

    def action(connection: Connection) -> tuple[Group, ...]:
        pages = connection.search_pages(_domain(connection, settings), search_filter, _GROUP_ATTRIBUTES, page_size=50)
        return tuple(_group(entry) for page in pages for entry in page if entry.has("objectSid"))

    return with_first_that_works(settings, action)


def standings(settings: SourceSettings, guids: Iterable[str], *, now: datetime) -> dict[str, Standing]:
    """What is true now of these people; whoever is not in the answer is gone. Raises DirectoryUnavailable."""
    wanted = list(guids)

    def action(connection: Connection) -> dict[str, Standing]:
        found = (connection.read(f"<GUID={guid}>", _ATTRIBUTES) for guid in wanted)
        return {one.object_guid: one for entry in found if entry is not None and (one := _standing(entry, now))}

    return with_first_that_works(settings, action)


def _standing(entry: Entry, now: datetime) -> Standing | None:
    guid = entry.guid("objectGUID")
    if guid is None:
        return None
    if not entry.has("tokenGroups"):
        # Everybody has a primary group: nothing at all means that the account may not read it.
        raise errors.SearchFailed(
            "The account that reads the directory may not read tokenGroups: it needs to be in the group Windows "
            "Authorization Access Group."
        )
    return Standing(
        object_guid=guid,
        name=entry.text("displayName"),
        user_name=entry.text("userPrincipalName") or entry.text("sAMAccountName"),
        mail=entry.text("mail"),
        group_sids=frozenset(sid_text(value) for value in entry.attributes.get("tokengroups", ())),
        ended_because=_ended_because(entry, now),
    )


def _ended_because(entry: Entry, now: datetime) -> str:
    if (entry.number("userAccountControl") or 0) & _DISABLED:
        return "The account is disabled in the directory."
    expires = entry.number("accountExpires") or 0
    if expires not in _NEVER and expires / 10_000_000 - _EPOCH_OFFSET_S <= now.astimezone(UTC).timestamp():
        return "The account has expired in the directory."
    return ""


def _group(entry: Entry) -> Group:
    sid = sid_text(entry.attributes["objectsid"][0])
    return Group(sid, entry.text("sAMAccountName") or entry.text("name"), entry.dn)


def _domain(connection: Connection, settings: SourceSettings) -> str:
    """Groups of the console need not lie where recipients are read."""
    return connection.root_dse().text("defaultNamingContext") or settings.base_dn


def sid_text(value: bytes) -> str:
    """MS-DTYP 2.4.2: revision, count, authority (big-endian), sub-authorities (little-endian)."""
    octets = bytes(value)
    subs = [
        int.from_bytes(octets[8 + 4 * n : 12 + 4 * n], "little") for n in range(octets[1] if len(octets) > 7 else 0)
    ]
    return "-".join(["S", str(octets[0]), str(int.from_bytes(octets[2:8], "big")), *map(str, subs)])
