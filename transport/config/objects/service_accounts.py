"""Service accounts: applications and devices that sign in with AUTH and are no people of any directory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import Line, Mailbox, Name

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$")]


class ServiceAccount(ConfigObject):
    """Signs in with a password of its own, and sends as the addresses that are its own."""

    is_enabled: bool = Field(True, description="A disabled account can't sign in.")
    username: UserName = Field(description="What the application signs in with; capitals make no difference.")
    addresses: tuple[Mailbox, ...] = Field(
        (), description="What it may send as; anything else needs a relay policy that grants it."
    )
    password_secret: Line = Field(
        min_length=1, description="The name of the secret that holds the password's hash, never the password."
    )
    expires_at: AwareDatetime | None = Field(None, description="From then on it can't sign in; empty means never.")
    owner: Name = Field(description="The person or team to ask about it.")
    purpose: Annotated[Line, Field(min_length=1)] = Field(description="What signs in with it, and why.")

    @model_validator(mode="after")
    def _addresses_are_there_once(self) -> Self:
        keys = [address.lower() for address in self.addresses]
        if len(set(keys)) < len(keys):
            raise ValueError("addresses: an address is there twice")
        return self

    def is_expired(self, now: datetime) -> bool:
        """Whether it can't sign in any more at ``now``."""
        return self.expires_at is not None and now >= self.expires_at
