"""LDAP entries and recipients as tests need them, with Exchange's attributes and harmless defaults."""

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

from directory.entry import Entry
from directory.model import Recipient, RecipientKind

SPACE = uuid.UUID("6d61696c-7465-4000-8000-000000000000")


def guid_of(name: str) -> str:
    return str(uuid.uuid5(SPACE, name))


def ldap_entry(name: str, **attributes: Any) -> Entry:
    """A user's entry; values are text, lists of text or bytes, and None leaves an attribute out."""
    values = {
        "objectGUID": uuid.UUID(guid_of(name)).bytes_le,
        "objectClass": ["top", "person", "user"],
        "displayName": name.title(),
    } | attributes
    raw = {
        key.lower(): [one if isinstance(one, bytes) else str(one).encode() for one in _listed(value)]
        for key, value in values.items()
        if value is not None
    }
    return Entry(f"CN={name},DC=corp,DC=example", raw)


def a_recipient(name: str, **fields: Any) -> Recipient:
    primary = fields.pop("primary_address", f"{name}@acme.example")
    return Recipient(
        **{
            "object_guid": guid_of(name),
            "kind": RecipientKind.MAILBOX,
            "dn": f"CN={name},DC=corp,DC=example",
            "display_name": name.title(),
            "primary_address": primary,
            "addresses": (primary,),
        }
        | fields
    )


def as_format_4(path: Path, *, number: int = 4) -> None:
    """The look-up file as the release before wrote it: without what rules ask about a person."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE person")
        db.execute(f"PRAGMA user_version = {number}")
        db.commit()


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
