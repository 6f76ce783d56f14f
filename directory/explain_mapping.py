"""Which attribute of one entry became what of a recipient, for people who look for a missing address."""

from dataclasses import dataclass

from directory import attributes
from directory.attributes import EXCHANGE_NAMES
from directory.connection import Connection
from directory.entry import Entry
from directory.mapping import ATTRIBUTES, MappingError, map_entry
from directory.model import Recipient
from directory.settings import SourceSettings
from directory.source import with_first_that_works
from directory.taking import escaped_guid

SHOWN_VALUES = 20
_BECAME = {
    "objectGUID": "object_guid", "displayName": "display_name", "mail": "primary_address",
    "proxyAddresses": "addresses", "mailNickname": "alias", "sAMAccountName": "account_name",
    "userPrincipalName": "user_principal_name", "targetAddress": "target_address", "altRecipient": "forwarding_guid",
    "msExchGenericForwardingAddress": "forwarding_address", "deliverAndRedirect": "deliver_and_redirect",
    "userAccountControl": "disabled", "msExchHideFromAddressLists": "hidden", "hideDLMembership": "hides_members",
    "delivContLength": "max_receive_size_kib", "msExchHomeServerName": "home_server", "homeMDB": "home_server",
    "msExchDynamicDLFilter": "dynamic_filter", "msExchDynamicDLBaseDN": "dynamic_base_dn",
    "objectClass": "kind", "groupType": "kind", "msExchRecipientTypeDetails": "kind", "member": "member_guids",
    "authOrig": "restrictions", "dLMemSubmitPerms": "restrictions", "unauthOrig": "restrictions",
    "dLMemRejectPerms": "restrictions", "msExchRequireAuthToSendTo": "restrictions", "manager": "manager_guid",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MappedAttribute:
    """One attribute as the controller gives it now. `theirs` is its name there; `became` a field and its value."""

    ours: str
    theirs: str
    values: tuple[str, ...]
    more: int
    field: str
    became: str


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    dn: str
    attributes: tuple[MappedAttribute, ...]
    problem: str = ""


def explain_entry(settings: SourceSettings, object_guid: str) -> ExplainedEntry | None:
    """The entry as it is at the controller now; None where it is gone or out of sight. Raises DirectoryUnavailable."""

    def action(connection: Connection) -> ExplainedEntry | None:
        is_ad = connection.is_active_directory
        named = f"(objectGUID={escaped_guid(object_guid)})" if is_ad else f"(entryUUID={object_guid})"
        for page in connection.search_pages(settings.base_dn, named, ATTRIBUTES, page_size=5):
            for entry in page:
                return _explained(entry, dict(settings.attribute_names))
        return None

    return with_first_that_works(settings, action)


def _explained(entry: Entry, names: dict[str, str]) -> ExplainedEntry:
    recipient: Recipient | None = None
    problem = ""
    try:
        recipient = map_entry(entry).recipient
    except MappingError as error:
        problem = str(error)
    found = [_attribute(entry, name, names, recipient) for name in ATTRIBUTES]
    return ExplainedEntry(entry.dn, tuple(one for one in found if one.values or one.theirs != one.ours), problem)


def _attribute(entry: Entry, name: str, names: dict[str, str], recipient: Recipient | None) -> MappedAttribute:
    if name == "objectGUID":
        values: tuple[str, ...] = (entry.guid(name) or "",) if entry.has(name) else ()
    else:
        values = entry.texts(name)
    field, became = _became(entry, name, recipient)
    theirs = names.get(name, name)
    more = max(0, len(values) - SHOWN_VALUES)
    return MappedAttribute(name, theirs, values[:SHOWN_VALUES], more, field.replace("_", " "), became)


def _became(entry: Entry, name: str, recipient: Recipient | None) -> tuple[str, str]:
    if name in EXCHANGE_NAMES:
        field = EXCHANGE_NAMES[name]
        return field, ", ".join(attributes.values(recipient.attributes or (), field)) if recipient is not None else ""
    field = "" if entry.has(_INSTEAD.get(name, "")) else _BECAME.get(name, "")
    return field, _shown(getattr(recipient, field, None)) if recipient is not None and field not in _LINKED else ""


_INSTEAD = {"homeMDB": "msExchHomeServerName"}
"""What counts only where the other is absent."""
_LINKED = {"", "member_guids", "forwarding_guid", "manager_guid", "restrictions"}


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value[:SHOWN_VALUES])
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
