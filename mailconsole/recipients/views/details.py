"""What the page of one recipient says about it, in words."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.recipients.models import Recipient


@dataclass(frozen=True, slots=True)
class Reference:
    """A relation to other objects: those that are known, and names that lead to none."""

    label: str
    recipients: tuple[Recipient, ...]
    unknown: tuple[str, ...] = ()


def facts_of(recipient: Recipient) -> list[tuple[str, str]]:
    """Attributes that have something to say, as term and value."""
    value = recipient.value
    pairs = [
        ("Alias", value.alias),
        ("Account", value.account_name),
        ("Sign-in name", value.user_principal_name),
        ("Target address", value.target_address or ""),
        ("Forwards to", value.forwarding_address or ""),
        ("Copy kept when forwarding", "yes" if value.deliver_and_redirect else ""),
        ("Home server", value.home_server or ""),
        ("Largest message", f"{value.max_receive_size_kib:,} KB" if value.max_receive_size_kib else ""),
        ("Only signed-in senders", "yes" if value.restrictions.require_auth else ""),
        ("Hidden from address lists", "yes" if value.hidden else ""),
        ("Account disabled", "yes; mail is taken all the same" if value.disabled else ""),
        ("Members without an address", f"{value.members_without_address:,}" if value.members_without_address else ""),
        ("Members are whoever matches", value.dynamic_filter or ""),
        *(_attribute(one) for one in value.attributes or ()),
        ("Object GUID", value.object_guid),
        ("Distinguished name", value.dn),
        ("Other addresses", ", ".join(value.legacy_addresses)),
    ]
    return [(term, text) for term, text in pairs if text]


def _attribute(said: str) -> tuple[str, str]:
    name, _, text = said.partition("=")
    return name, text


def references_of(recipient: Recipient) -> list[Reference]:
    """Forwarding and sender restrictions, with the objects that they name."""
    value = recipient.value
    restrictions = value.restrictions
    named = [
        ("Forwards to", (value.forwarding_guid,) if value.forwarding_guid else ()),
        ("Manager", (value.manager_guid,) if value.manager_guid else ()),
        ("Takes mail only from", restrictions.accept_from),
        ("Takes mail only from members of", restrictions.accept_from_members_of),
        ("Takes no mail from", restrictions.reject_from),
        ("Takes no mail from members of", restrictions.reject_from_members_of),
    ]
    return [_reference(recipient, label, names) for label, names in named if names]


def _reference(recipient: Recipient, label: str, names: tuple[str, ...]) -> Reference:
    guids = [name for name in names if "=" not in name]  # what could not be resolved is a distinguished name
    found = recipient.source.recipients.filter(object_guid__in=guids)
    return Reference(label, tuple(found), tuple(name for name in names if "=" in name))
