"""Recipients of our own: addresses, forwarding and groups that no directory knows, or that add to what it knows."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import AddressPattern, Mailbox, Size


class MailRecipient(ConfigObject):
    """What recipients and groups have in common: addresses, and who may send to them."""

    address: Mailbox = Field(description="The primary address, in one of our accepted domains.")
    aliases: tuple[Mailbox, ...] = Field((), description="Further addresses that lead here (proxy addresses).")
    is_sender_authentication_required: bool = Field(
        False, description="Only senders who signed in with AUTH may send here."
    )
    accept_messages_only_from: tuple[AddressPattern, ...] = Field(
        (),
        description="Addresses, domains or *.domains that may send here, and the members of groups named here; "
        "empty means anyone. It is the envelope sender, which anyone can write who need not sign in.",
    )
    reject_messages_from: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains, *.domains or groups that may not send here, even if accepted above."
    )
    max_receive_size: Size | None = Field(None, ge=1024, description="Larger messages are returned; empty: no limit.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses, the primary one first."""
        return (self.address, *self.aliases)

    @model_validator(mode="after")
    def _addresses_are_distinct(self) -> Self:
        keys = [address.lower() for address in self.addresses]
        if len(set(keys)) < len(keys):
            raise ValueError("aliases must not repeat an address")
        return self


class Recipient(MailRecipient):
    """A recipient: its mail goes to its address, or on to another one."""

    forwarding_address: Mailbox | None = Field(
        None, description="Where its mail goes; empty means its own address, by the send connector of the domain."
    )
    deliver_to_mailbox_and_forward: bool = Field(False, description="To its own address too, not only forwarded.")
    max_send_size: Size | None = Field(
        None,
        ge=1024,
        description="The largest message that who has this address may send after signing in, instead of the "
        "organisation's. Empty: the organisation's.",
    )
    recipient_limits: int | None = Field(
        None,
        ge=1,
        le=512_000,
        description="Recipients of one message that who has this address sends after signing in, instead of the "
        "organisation's. Empty: the organisation's.",
    )

    @property
    def has_sending_limits(self) -> bool:
        """Whether one of the organisation's limits is another one here."""
        return self.max_send_size is not None or self.recipient_limits is not None

    @model_validator(mode="after")
    def _forwarding_leads_on(self) -> Self:
        if self.deliver_to_mailbox_and_forward and not self.forwarding_address:
            raise ValueError("deliver_to_mailbox_and_forward needs a forwarding_address")
        if self.forwarding_address and self.forwarding_address.lower() in {a.lower() for a in self.addresses}:
            raise ValueError("forwarding_address must not be one of its own addresses")
        return self


class DistributionGroup(MailRecipient):
    """A group: what is sent to it goes to each member once."""

    members: tuple[Mailbox, ...] = Field((), description="Addresses, of other groups too.")
    owner_address: Mailbox | None = Field(
        None,
        description="Reports about the members' copies go there: it becomes their return path (RFC 5321 3.9.2). "
        "Empty: to the sender.",
    )
    is_sender_authentication_required: bool = Field(
        True, description="Only senders who signed in with AUTH may send here; on for a new group, as in Exchange."
    )
