"""Values: what a directory knows about recipients. Frozen, without LDAP, database or clock."""

import dataclasses
import enum
from dataclasses import dataclass
from typing import Any, Self

from directory.addresses import address_key


class RecipientKind(enum.StrEnum):
    """What an address leads to. `sentence` is the one explanation used in code, tooltips and help."""

    MAILBOX = "mailbox"
    SHARED_MAILBOX = "shared_mailbox"
    ROOM_MAILBOX = "room_mailbox"
    EQUIPMENT_MAILBOX = "equipment_mailbox"
    REMOTE_MAILBOX = "remote_mailbox"
    MAIL_USER = "mail_user"
    CONTACT = "contact"
    DISTRIBUTION_GROUP = "distribution_group"
    SECURITY_GROUP = "security_group"
    DYNAMIC_GROUP = "dynamic_group"
    PUBLIC_FOLDER = "public_folder"
    CONFLICT = "conflict"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def is_group(self) -> bool:
        return self in _GROUPS


_SENTENCES = {
    RecipientKind.MAILBOX: "A person's mailbox behind the next hop of its accepted domain.",
    RecipientKind.SHARED_MAILBOX: "A mailbox that several people open; its own account cannot sign in.",
    RecipientKind.ROOM_MAILBOX: "The mailbox of a meeting room, which answers invitations.",
    RecipientKind.EQUIPMENT_MAILBOX: "The mailbox of a thing that can be booked, such as a projector.",
    RecipientKind.REMOTE_MAILBOX: "A mailbox that lives in the cloud organisation, under its target address.",
    RecipientKind.MAIL_USER: "A user who signs in here and reads mail elsewhere, at the target address.",
    RecipientKind.CONTACT: "An outside address that the organisation lists as its own.",
    RecipientKind.DISTRIBUTION_GROUP: "A list: mail to it goes to each of its members.",
    RecipientKind.SECURITY_GROUP: "A group that grants rights and also has an address; mail goes to its members.",
    RecipientKind.DYNAMIC_GROUP: "A list whose members are whoever matches its filter at the time.",
    RecipientKind.PUBLIC_FOLDER: "A public folder that takes mail.",
    RecipientKind.CONFLICT: "Two or more objects claim this address; none gets it until the directory is mended.",
}
_GROUPS = {RecipientKind.DISTRIBUTION_GROUP, RecipientKind.SECURITY_GROUP, RecipientKind.DYNAMIC_GROUP}


@dataclass(frozen=True, slots=True)
class SenderRestrictions:
    """Who may write to a recipient: object GUIDs of senders, and of groups whose members are meant.

    A reference that leads to no recipient stays as its distinguished name, which equals no GUID: a restriction may
    come to match nobody, but it never falls away.
    """

    accept_from: tuple[str, ...] = ()
    accept_from_members_of: tuple[str, ...] = ()
    reject_from: tuple[str, ...] = ()
    reject_from_members_of: tuple[str, ...] = ()
    require_auth: bool = False

    @property
    def is_any(self) -> bool:
        return self != SenderRestrictions()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One object that takes mail. `object_guid` stays the same through renames and moves; everything else may change.

    `addresses` holds the primary one first, as written in the directory. `disabled` is about signing in: Exchange
    goes on taking mail for a disabled account's mailbox. `attributes` are texts like Department=Sales, as
    directory.attributes makes them; None where a release that did not read them wrote the document.
    """

    object_guid: str
    kind: RecipientKind
    dn: str
    display_name: str
    primary_address: str
    addresses: tuple[str, ...]
    alias: str = ""
    account_name: str = ""
    user_principal_name: str = ""
    legacy_addresses: tuple[str, ...] = ()
    target_address: str | None = None
    forwarding_address: str | None = None
    forwarding_guid: str | None = None
    deliver_and_redirect: bool = False
    member_guids: tuple[str, ...] = ()
    members_without_address: int = 0
    are_members_known: bool = True
    dynamic_filter: str | None = None
    dynamic_base_dn: str | None = None
    restrictions: SenderRestrictions = SenderRestrictions()
    max_receive_size_kib: int | None = None
    hidden: bool = False
    hides_members: bool = False
    disabled: bool = False
    home_server: str | None = None
    attributes: tuple[str, ...] | None = ()
    manager_guid: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def address_keys(self) -> tuple[str, ...]:
        """The keys of all addresses, each once, the primary one first."""
        return tuple(dict.fromkeys(address_key(address) for address in self.addresses))

    def to_document(self) -> dict[str, Any]:
        """The recipient as JSON-ready values; from_document is its inverse."""
        document = {name: getattr(self, name) for name in _RECIPIENT_FIELDS}
        document["kind"] = self.kind.value
        document["restrictions"] = {name: getattr(self.restrictions, name) for name in _RESTRICTION_FIELDS}
        return document

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        values = {name: _frozen(value) for name, value in document.items() if name in _RECIPIENT_FIELDS}
        restrictions = {name: _frozen(value) for name, value in document.get("restrictions", {}).items()}
        values.setdefault("attributes", None)
        values["kind"] = RecipientKind(document["kind"])
        values["restrictions"] = SenderRestrictions(**restrictions)
        return cls(**values)


_RECIPIENT_FIELDS = tuple(field.name for field in dataclasses.fields(Recipient))
_RESTRICTION_FIELDS = tuple(field.name for field in dataclasses.fields(SenderRestrictions))


class Severity(enum.StrEnum):
    """What a problem with an entry meant for it."""

    SKIPPED = "skipped"  # the entry is no recipient until it is mended
    NOTED = "noted"  # the entry is a recipient, but something in it was put aside


@dataclass(frozen=True, slots=True)
class EntryProblem:
    """Something about one entry that its owner should mend. One bad entry never stops a run."""

    dn: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """One address that more than one object claims."""

    address: str
    object_guids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """How far one controller's own count of changes was. Another controller counts otherwise, and so does the same one
    once it was restored: the invocation id tells. `cookie` is DirSync's own, where the controller permits that."""

    invocation_id: str
    usn: int
    cookie: bytes = b""


class ChangesBy(enum.StrEnum):
    """How a controller tells what changed."""

    DIRSYNC = "dirsync"
    COUNT = "count"
    NOTHING = "nothing"

    @property
    def label(self) -> str:
        return _CHANGES_LABELS[self]

    @property
    def sentence(self) -> str:
        return _CHANGES_SENTENCES[self]


_CHANGES_LABELS = {ChangesBy.DIRSYNC: "DirSync", ChangesBy.COUNT: "uSNChanged", ChangesBy.NOTHING: "Whole each time"}
_CHANGES_SENTENCES = {
    ChangesBy.DIRSYNC: "The controller tells which objects changed and which were deleted.",
    ChangesBy.COUNT: "Objects are searched by the controller's count of changes.",
    ChangesBy.NOTHING: "The directory does not count its changes: everything is read each time.",
}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
