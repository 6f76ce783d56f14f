"""Documents to compare, and a strategy that draws them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tests.transport.config.drawn import DRAWN
from transport.config.document import MailFlow, initial_document

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

SCANNERS: dict[str, Any] = {
    "id": "scanners",
    "name": "Scanners",
    "networks": ["10.1.0.0/16"],
    "sender_addresses": ["scanner@contoso.com"],
    "owner": "Facilities",
    "purpose": "Scan to mail",
}


def document(**sections: Any) -> MailFlow:
    """The initial document with these sections in place of its own."""
    return MailFlow.model_validate(initial_document().model_dump(mode="json") | sections)


def changed(before: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return before | fields


documents = st.fixed_dictionaries(DRAWN).map(MailFlow.model_validate)
