"""What forms of mail flow are sent, and what a draft holds of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailconsole.changes.models import ChangeItem
from mailconsole.mailflow.forms import ObjectForm

POLICY = {
    "name": "Scanners",
    "owner": "Facilities",
    "purpose": "Scan to mail",
    "networks": "10.1.0.0/16\n10.2.0.0/16",
    "sender_addresses": "contoso.com",
    "is_enabled": "on",
    "identity_match": "all",
    "expires_at": "2027-01-31T12:00",
}
CREATE = "mailflow:relay-policy-create"


def values(item: ChangeItem) -> Any:
    """The item; its JSON is what the test expects it to be."""
    return item


def as_a_browser_sends(form: ObjectForm) -> dict[str, Any]:
    """The form's fields as they stand on the page."""
    said = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(value, bool):
            value = "on" if value else None
        elif isinstance(value, datetime):
            value = field.widget.format_value(value)
        if value not in (None, []):
            said[name] = value
    return said
