"""Block-list and allow-list providers: lists of addresses that somebody keeps in DNS (RFC 5782)."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import AddressPattern, Domain, IpAddress, ReplyText


class Unavailable(StrEnum):
    """What becomes of mail while a list can't be asked (law 6)."""

    ACCEPT = "accept"
    DEFER = "defer"

    @property
    def sentence(self) -> str:
        return {
            Unavailable.ACCEPT: "Mail goes on as if the client were not listed.",
            Unavailable.DEFER: "Recipients are refused for now (451); the client tries again.",
        }[self]


class ListProvider(ConfigObject):
    """What both kinds have in common: where to ask, and which answers count."""

    is_enabled: bool = Field(True, description="A disabled provider is not asked.")
    priority: int = Field(0, ge=0, le=9999, description="0 decides first; the same number: by name.")
    lookup_domain: Domain = Field(description="Where the client's address is looked up, such as bl.provider.example.")
    is_any_match: bool = Field(False, description="Every answer counts, whatever its code.")
    bitmask_match: IpAddress = Field("", description="Answers with all these bits count, such as 127.0.0.4.")
    ip_addresses_match: tuple[IpAddress, ...] = Field((), description="These answers count, such as 127.0.0.2.")

    @field_validator("bitmask_match")
    @classmethod
    def _mask_is_a_code(cls, value: str) -> str:
        return _code(value) if value else value

    @field_validator("ip_addresses_match")
    @classmethod
    def _answers_are_codes(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(_code, values)))

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not (self.is_any_match or self.bitmask_match or self.ip_addresses_match):
            raise ValueError("is_any_match, bitmask_match or ip_addresses_match must say which answers count")
        return self


def _code(value: str) -> str:
    if not value.startswith("127."):  # RFC 5782 2.1
        raise ValueError(f"'{value}' is no answer of a list: they are 127.0.0.2 and its like")
    return value


class BlockListProvider(ListProvider):
    """Clients on its list are refused at RCPT, unless they signed in or an allow list has them."""

    rejection_response: ReplyText = Field(
        "Recipient not authorized, %0 has been found on the block list %1",
        description="What a refused client is told: %0 its address, %1 the provider's name, %2 the lookup domain.",
    )
    bypassed_recipients: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains or *.domains that get mail from listed clients too, such as postmaster's."
    )
    if_unavailable: Unavailable = Field(Unavailable.ACCEPT, description="What happens while it can't be asked.")
    is_only_told: bool = Field(False, description="A test: nobody is refused, and the trace tells who would have been.")


class AllowListProvider(ListProvider):
    """Clients on its list are refused by no block-list provider."""
