"""Pure: one LDAP entry -> a recipient with links still as distinguished names, or a MappingError for that entry.

Attribute names are Exchange's. An Active Directory whose schema was never extended for Exchange has only some of
them; an absent attribute is a default, never an error.
"""

import re
from dataclasses import dataclass, field, replace

from directory.addresses import MalformedAddress, address_key, parse_address
from directory.attributes import LDAP_NAMES, attributes_of
from directory.entry import Entry
from directory.model import Recipient, RecipientKind, SenderRestrictions
from directory.references import plain_dn, reference

ATTRIBUTES: tuple[str, ...] = (
    "objectGUID", "objectClass", "displayName", "name", "mail", "proxyAddresses", "mailNickname", "sAMAccountName",
    "userPrincipalName", "userAccountControl", "groupType", "member", "targetAddress", "altRecipient",
    "deliverAndRedirect", "msExchGenericForwardingAddress", "msExchRecipientTypeDetails",
    "msExchHideFromAddressLists", "hideDLMembership", "msExchRequireAuthToSendTo", "authOrig", "dLMemSubmitPerms",
    "unauthOrig", "dLMemRejectPerms", "delivContLength", "msExchHomeServerName", "homeMDB",
    "msExchDynamicDLFilter", "msExchDynamicDLBaseDN", "manager", *LDAP_NAMES,
)  # fmt: skip

DEFAULT_FILTER = (
    "(&(|(proxyAddresses=*)(mail=*))"
    "(|(objectClass=user)(objectClass=contact)(objectClass=group)"
    "(objectClass=msExchDynamicDistributionList)(objectClass=publicFolder)))"
)

_ACCOUNT_DISABLED = 0x2  # userAccountControl
_SECURITY_ENABLED = 0x80000000  # groupType

_CN = re.compile("/cn=", re.IGNORECASE)
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_STORE = "InformationStore"
_LONGEST_SERVER = 256

_KIND_BY_TYPE_DETAILS = {
    1: RecipientKind.MAILBOX,
    2: RecipientKind.MAILBOX,  # linked: its account is in another forest
    4: RecipientKind.SHARED_MAILBOX,
    16: RecipientKind.ROOM_MAILBOX,
    32: RecipientKind.EQUIPMENT_MAILBOX,
    128: RecipientKind.MAIL_USER,
    0x80000000: RecipientKind.REMOTE_MAILBOX,
    0x2_0000_0000: RecipientKind.REMOTE_MAILBOX,  # room
    0x4_0000_0000: RecipientKind.REMOTE_MAILBOX,  # equipment
    0x8_0000_0000: RecipientKind.REMOTE_MAILBOX,  # shared
}


class MappingError(ValueError):
    """The entry is no recipient until it is mended; str() says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Links:
    """The entry's references to other objects, by GUID or distinguished name; directory.linking makes all GUIDs."""

    members: tuple[str, ...] = ()
    forwarding: str | None = None
    manager: str | None = None
    accept_from: tuple[str, ...] = ()
    accept_from_members_of: tuple[str, ...] = ()
    reject_from: tuple[str, ...] = ()
    reject_from_members_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MappedEntry:
    """A recipient as far as its own entry tells, and its links."""

    recipient: Recipient
    links: Links = field(default_factory=Links)


def map_entry(entry: Entry) -> MappedEntry:
    """The recipient that an entry describes. Raises MappingError where it describes none."""
    object_guid = entry.guid("objectGUID") or entry.guid("entryUUID")
    if object_guid is None:
        raise MappingError("It has no object GUID, so it could not be known again after a rename.")
    primary, addresses, notes = _addresses(entry)
    recipient = Recipient(
        object_guid=object_guid,
        kind=_kind(entry),
        dn=entry.dn,
        display_name=entry.text("displayName") or entry.text("name") or primary,
        primary_address=primary,
        addresses=addresses,
        alias=entry.text("mailNickname"),
        account_name=entry.text("sAMAccountName"),
        user_principal_name=entry.text("userPrincipalName"),
        legacy_addresses=tuple(sorted(p for p in entry.texts("proxyAddresses") if p.lower().startswith("x500:"))),
        deliver_and_redirect=entry.flag("deliverAndRedirect"),
        dynamic_filter=entry.text("msExchDynamicDLFilter") or None,
        dynamic_base_dn=plain_dn(entry.text("msExchDynamicDLBaseDN")) or None,
        restrictions=SenderRestrictions(require_auth=entry.flag("msExchRequireAuthToSendTo")),
        max_receive_size_kib=entry.number("delivContLength"),
        hidden=entry.flag("msExchHideFromAddressLists"),
        hides_members=entry.flag("hideDLMembership"),
        disabled=bool((entry.number("userAccountControl") or 0) & _ACCOUNT_DISABLED),
        home_server=_home_server(entry),
        attributes=attributes_of(entry),
        notes=tuple(notes),
    )
    return MappedEntry(_with_targets(recipient, entry), _links(entry))


def _home_server(entry: Entry) -> str | None:
    """The last name of the legacy DN. Without one, the server of the mailbox store (until Exchange 2007), else the
    database: that stands below no server."""
    legacy = entry.text("msExchHomeServerName")
    names = [part.partition("=")[2] for part in _UNESCAPED_COMMA.split(plain_dn(entry.text("homeMDB")))]
    if legacy:
        name = _CN.split(legacy)[-1]
    else:
        name = names[names.index(_STORE) + 1] if _STORE in names[:-1] else names[0]
    return name.strip()[:_LONGEST_SERVER] or None


def _kind(entry: Entry) -> RecipientKind:
    classes = {name.lower() for name in entry.texts("objectClass")}
    if "msexchdynamicdistributionlist" in classes:
        return RecipientKind.DYNAMIC_GROUP
    if "group" in classes:
        security = (entry.number("groupType") or 0) & _SECURITY_ENABLED
        return RecipientKind.SECURITY_GROUP if security else RecipientKind.DISTRIBUTION_GROUP
    if classes & {"groupofnames", "groupofuniquenames"}:  # RFC 4519 3.5, 3.6: what other directories call a group
        return RecipientKind.DISTRIBUTION_GROUP
    if "publicfolder" in classes:
        return RecipientKind.PUBLIC_FOLDER
    if "contact" in classes:
        return RecipientKind.CONTACT
    kind = _KIND_BY_TYPE_DETAILS.get(entry.number("msExchRecipientTypeDetails") or 0)
    if kind is not None:
        return kind
    return RecipientKind.MAIL_USER if entry.has("targetAddress") else RecipientKind.MAILBOX


def _addresses(entry: Entry) -> tuple[str, tuple[str, ...], list[str]]:
    """The primary address, all addresses with the primary one first, and notes about what was put aside.

    proxyAddresses decides, as in Exchange; `mail` only where proxyAddresses holds no SMTP address, and to choose
    between several primary ones.
    """
    notes: list[str] = []
    primaries, secondaries = _proxy_addresses(entry, notes)
    mail = _one_address(entry.text("mail"), notes) if entry.has("mail") else None
    everything = primaries + secondaries
    if not everything:
        if mail is None:
            raise MappingError(" ".join(["It has no usable SMTP address.", *notes]))
        return mail, (mail,), notes
    primary = _primary(primaries, everything, mail, notes)
    rest = sorted({a for a in everything if a != primary}, key=address_key)
    return primary, (primary, *rest), notes


def _proxy_addresses(entry: Entry, notes: list[str]) -> tuple[list[str], list[str]]:
    primaries: list[str] = []
    secondaries: list[str] = []
    for value in sorted(entry.texts("proxyAddresses")):
        prefix, colon, text = value.partition(":")
        if not colon:
            notes.append(f"The proxy address {value[:80]!r} has no type before a colon and is not used.")
        elif prefix.lower() == "smtp":
            address = _one_address(text, notes)
            if address is not None:
                (primaries if prefix == "SMTP" else secondaries).append(address)
    return primaries, secondaries


def _primary(primaries: list[str], everything: list[str], mail: str | None, notes: list[str]) -> str:
    candidates = primaries or everything
    chosen = candidates[0]
    if mail is not None:
        matching = [address for address in candidates if address_key(address) == address_key(mail)]
        chosen = matching[0] if matching else chosen
        if address_key(mail) not in {address_key(address) for address in everything}:
            notes.append(f"The attribute mail says {mail}, which is not among its proxy addresses and takes no mail.")
    if len(primaries) > 1:
        notes.append(f"It has {len(primaries)} primary addresses; {chosen} is used.")
    elif not primaries:
        notes.append(f"It has no primary address; {chosen} is used.")
    return chosen


def _one_address(text: str, notes: list[str]) -> str | None:
    try:
        return parse_address(text)
    except MalformedAddress as error:
        notes.append(f"{error}; it is not used.")
        return None


def _with_targets(recipient: Recipient, entry: Entry) -> Recipient:
    notes = list(recipient.notes)
    target = _outside_address(entry, "targetAddress", notes)
    forwarding = _outside_address(entry, "msExchGenericForwardingAddress", notes)
    if target is not None and address_key(target) == recipient.address_keys[0]:
        if recipient.kind is not RecipientKind.CONTACT:  # a contact's target usually is its only address
            notes.append(f"Its target address {target} is its own primary address and leads nowhere.")
        target = None
    return replace(recipient, target_address=target, forwarding_address=forwarding, notes=tuple(notes))


def _outside_address(entry: Entry, attribute: str, notes: list[str]) -> str | None:
    text = entry.text(attribute)
    if not text:
        return None
    prefix, colon, rest = text.partition(":")
    if colon and prefix.lower() != "smtp":
        notes.append(f"Its {attribute} is of the type {prefix[:20]!r}, which is not SMTP, and is not used.")
        return None
    return _one_address(rest if colon else text, notes)


def _links(entry: Entry) -> Links:
    def references(attribute: str) -> tuple[str, ...]:
        return tuple(reference(name) for name in entry.texts(attribute))

    return Links(
        members=references("member"),
        forwarding=next(iter(references("altRecipient")), None),
        manager=next(iter(references("manager")), None),
        accept_from=references("authOrig"),
        accept_from_members_of=references("dLMemSubmitPerms"),
        reject_from=references("unauthOrig"),
        reject_from_members_of=references("dLMemRejectPerms"),
    )
