"""Where changes are told to a program: a chat, a ticket system. Read by the console, not by nodes."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from transport.config.objects.base import ConfigModel
from transport.config.types import Line


def _web_address(value: str) -> str:
    """http or https, a host, no user and no password in it; or nothing."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        port_is_good, parts = False, urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good or parts.fragment:
        raise ValueError(f"'{value}' is no web address; write for example https://chat.contoso.com/hooks/mail")
    if parts.username is not None or parts.password is not None or not value.isascii() or " " in value:
        raise ValueError("a web address here holds no user, no password, no space and ASCII only")
    return value


WebAddress = Annotated[Line, AfterValidator(_web_address)]


class ReviewWebhook(ConfigModel):
    """A part of the organisation's settings; off without an address."""

    review_webhook_url: WebAddress = Field(
        "", description="Told by POST what waits for reviewers and what became of changes; empty means nothing is."
    )
    review_webhook_secret: Line = Field(
        "", description="The name of the stored secret that signs what is told (HMAC-SHA-256), never the secret."
    )
    is_webhook_to_own_host_allowed: bool = Field(
        False, description="The address may lead to the console's own machine or a link-local one."
    )

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.review_webhook_url and not self.review_webhook_secret:
            raise ValueError("review_webhook_secret must name the secret that signs what is told")
        return self
