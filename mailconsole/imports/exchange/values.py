"""Exchange's values in each form that an export gives them: sizes, times, lists, flags, addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_BYTES = re.compile(r"\(([\d.,\s\u00a0\u202f']+) bytes?\)", re.IGNORECASE)
_SIZE = re.compile(r"([\d.,]+)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_CLOCK = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
_EPOCH = re.compile(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/")
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
_PARTS = re.compile(r"(?:\{[^{}]*\}|\[[^\[\]]*\]|\([^()]*\)|[^,\r\n|])+")
"""Of a text that joins a list; what is in brackets is a pattern's own, such as ``{1,3}`` and ``(yes|no)``."""
_TYPE_NAME = re.compile(r"^(System|Microsoft)\.[\w.+`\[\],\s=]+$|^Deserialized\.")
UNLIMITED = "unlimited"


class Lost(ValueError):
    """An Export-Csv wrote the type's name in place of the value."""


def plain(value: Any) -> Any:
    """What stands for itself: an enumeration or wrapped value as its text or number."""
    if isinstance(value, Mapping):
        if value.get("IsUnlimited") is True:
            return UNLIMITED
        for key in ("Expression", "ToString", "Value", "value", "Name", "DistinguishedName", "Address", "Domain"):
            if key in value and not isinstance(value[key], Mapping | list):
                return value[key]
        inner = value.get("Value")
        return plain(inner) if isinstance(inner, Mapping) else value
    return value


def text(value: Any) -> str:
    value = plain(value)
    return "" if value is None else str(value).strip()


def items(value: Any) -> list[str]:
    """A multi-valued property: a list, or one text with commas, semicolons or lines between. Raises Lost."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [found for one in value if (found := _item(one))]
    if isinstance(value, Mapping) and "value" in value and isinstance(value["value"], list):
        return items(value["value"])
    said = _item(value)
    if _TYPE_NAME.match(said):
        raise Lost(said)
    said = said[1:-1] if said.startswith("{") and said.find("}") == len(said) - 1 else said
    return [part.strip() for part in _PARTS.findall(said) if part.strip()]


def spaced_items(value: Any) -> list[str]:
    """Items that hold no blank themselves: a list that ConvertTo-Json cut off is joined by blanks. Raises Lost."""
    joined = (re.sub(r"\s+-\s+", "-", one) for one in items(value))
    return [part for one in joined for part in one.split()]


def _item(value: Any) -> str:
    """Address and port, both ends of a range, or a host of either kind, where JSON gave them apart."""
    if isinstance(value, Mapping) and "IsIPAddress" in value:
        return f"[{_address(value.get('Address'))}]" if value["IsIPAddress"] is True else text(value.get("Domain"))
    if isinstance(value, Mapping) and "Port" in value and "Address" in value:
        address = _address(value["Address"])
        return f"[{address}]:{value['Port']}" if ":" in address else f"{address}:{value['Port']}"
    if isinstance(value, Mapping) and "LowerBound" in value and "Expression" not in value:
        low, high = text(value["LowerBound"]), text(value.get("UpperBound"))
        return low if low == high else f"{low}-{high}"
    return text(value)


def _address(value: Any) -> str:
    """.NET's IPAddress in JSON is a number, the first octet the lowest; of IPv6 nothing is left. Raises Lost."""
    if not isinstance(value, Mapping) or "AddressFamily" not in value:
        return text(value)
    said = value.get("Address")
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said < 2**32:
        raise Lost("IPAddress")
    return str(ipaddress.IPv4Address(said.to_bytes(4, "little")))


def flags(value: Any, bits: Mapping[str, int]) -> set[str]:
    """The names of an enumeration of flags, from its text or its number."""
    said = plain(value)
    if isinstance(said, int) and not isinstance(said, bool):
        return {name for name, bit in bits.items() if said & bit}
    known = {name.lower(): name for name in bits}
    return {known.get(part.strip().lower(), part.strip()) for part in str(said or "").split(",") if part.strip()} - {
        "None"
    }


def one_of(value: Any, names: Mapping[str, int]) -> str:
    """The name of an enumeration, from its text or its number."""
    said = plain(value)
    if isinstance(said, int) and not isinstance(said, bool):
        return next((name for name, number in names.items() if number == said), str(said))
    known = {name.lower(): name for name in names}
    return known.get(text(said).lower(), text(said))


def yes(value: Any) -> bool:
    """Raises ValueError."""
    said = text(value).lower()
    if said in ("true", "$true", "1"):
        return True
    if said in ("false", "$false", "0", ""):
        return False
    raise ValueError(f"'{said[:40]}' is neither True nor False")


def size(value: Any) -> int | None:
    """``36 MB (37,748,736 bytes)`` -> octets; None is unlimited. Raises ValueError."""
    if isinstance(value, Mapping):
        if value.get("IsUnlimited") is True:
            return None
        inner = value.get("Value", value)
        return size(text(inner) if not isinstance(inner, int) else inner)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    said = text(value)
    if said.lower() == UNLIMITED:
        return None
    if match := _BYTES.search(said):
        return int(re.sub(r"\D", "", match[1]))
    match = _SIZE.fullmatch(said)
    if match is None:
        raise ValueError(f"'{said[:60]}' is not a size")
    try:
        return int(float(match[1].replace(",", "")) * _UNITS[(match[2] or "B").upper()])
    except OverflowError:
        raise ValueError(f"'{said[:60]}' is not a size") from None


def number(value: Any) -> int | None:
    """None is unlimited. Raises ValueError."""
    if isinstance(value, Mapping) and value.get("IsUnlimited") is True:
        return None
    said = text(value)
    if said.lower() == UNLIMITED:
        return None
    return int(said.replace(",", ""))


def seconds(value: Any) -> int:
    """A time span: ``00:10:00``, ``1.00:00:00``, ``PT10M``, or .NET's ticks in JSON. Raises ValueError."""
    if isinstance(value, Mapping) and isinstance(value.get("Ticks"), int):
        return int(value["Ticks"] // 10_000_000)
    said = text(value)
    if match := _CLOCK.fullmatch(said):
        return _sum(match.groups())
    match = _ISO.fullmatch(said)
    if match is None or said in ("", "P", "PT"):
        raise ValueError(f"'{said[:40]}' is not a time span")
    return _sum(match.groups())


def instant(value: Any) -> datetime:
    """ISO 8601, or what PowerShell 5.1's ConvertTo-Json makes of it, which is UTC. Raises ValueError."""
    said = text(value)
    if match := _EPOCH.fullmatch(said):
        try:
            return datetime.fromtimestamp(int(match[1]) / 1000, UTC)
        except (OverflowError, OSError):
            raise ValueError(f"'{said[:40]}' is no time") from None
    return datetime.fromisoformat(said)


def _sum(parts: tuple[str | None, ...]) -> int:
    return sum(int(part or 0) * unit for part, unit in zip(parts, (86400, 3600, 60, 1), strict=True))
