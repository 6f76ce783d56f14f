"""What the address of a form may fill in: text from anywhere, so it is read by the model's own types or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from transport.config.types import AddressPattern, Line, Name, Network

_READERS: dict[str, tuple[str, TypeAdapter[str]]] = {
    "network": ("networks", TypeAdapter(Network)),
    "sender_address": ("sender_addresses", TypeAdapter(AddressPattern)),
    "recipient_address": ("recipient_addresses", TypeAdapter(AddressPattern)),
    "identity": ("identities", TypeAdapter(Line)),
}
_LINE: TypeAdapter[str] = TypeAdapter(Line)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_MOMENT: TypeAdapter[Any] = TypeAdapter(AwareDatetime)


def prefilled(kind: str, said: Mapping[str, str]) -> dict[str, Any]:
    """The values of a relay policy that the address gives; what is no network or address is left out."""
    if kind != "relay_policies":
        return {}
    found: dict[str, Any] = {}
    for parameter, (field, reader) in _READERS.items():
        value = _read(reader, said.get(parameter, ""))
        if value:
            found[field] = [value]
    plain: dict[str, Any] = {
        "name": _read(_NAME, said.get("title", "")[:64]),
        "owner": _read(_NAME, said.get("owner", "")[:64]),
        "purpose": _read(_LINE, said.get("purpose", "")),
        "expires_at": _moment(said.get("expires_at", "")),
    }
    if said.get("tls"):
        plain["is_tls_required"] = True
    if why_off := _read(_LINE, said.get("off", "")):
        found |= {"is_enabled": False, "comment": why_off}
    return found | {field: value for field, value in plain.items() if value}


def _moment(text: str) -> str:
    """As the document's JSON has it, or empty."""
    return text if _read(_MOMENT, text) else ""


def _read(reader: TypeAdapter[Any], text: str) -> Any:
    try:
        return reader.validate_python(text) if text else ""
    except ValidationError:
        return ""
