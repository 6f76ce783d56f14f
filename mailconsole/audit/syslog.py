"""An audit entry as a syslog message (RFC 5424). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FACILITY_LOG_AUDIT, SEVERITY_NOTICE = 13, 5
PRIORITY = FACILITY_LOG_AUDIT * 8 + SEVERITY_NOTICE
SD_ID = "audit@32473"  # RFC 5612: an enterprise number that is nobody's
MAX_OCTETS = 8192
MAX_DATAGRAM = 2048  # RFC 5424 6.1: what a receiver should take
_VALUE = 500
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_A_NAME = re.compile(r"[^\x21-\x7e]")
_FIELDS = ("number", "actor_name", "object_kind", "object_id", "reason", "peer", "request_id", "via", "digest")


def message_of(entry: Mapping[str, Any], *, host: str, most: int = MAX_OCTETS) -> bytes:
    """One message without a frame, at most ``most`` octets. ``entry`` has the fields of AuditEntry; ``at`` is UTC."""
    at = entry["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # RFC 5424 6.2.3
    head = f"<{PRIORITY}>1 {at} {_name(host, 255)} mailconsole - {_name(entry['action'], 32)} "
    data = " ".join(f'{name}="{_parameter(entry[name])}"' for name in _FIELDS if entry[name] not in ("", None))
    text = _UNPRINTABLE.sub("?", f"{entry['actor_name']}: {entry['summary']}")
    whole = f"{head}[{SD_ID} {data}] ".encode() + b"\xef\xbb\xbf" + text.encode()  # 6.4: a BOM says that it is UTF-8
    return whole if len(whole) <= most else whole[:most].decode("utf-8", "ignore").encode()


def framed(message: bytes) -> bytes:
    """For a stream: octet counting (RFC 6587 3.4.1, RFC 5425 4.3), so that no text can begin another message."""
    return b"%d %s" % (len(message), message)


def _name(text: str, length: int) -> str:
    return _NOT_A_NAME.sub("_", text)[:length] or "-"


def _parameter(value: object) -> str:
    """RFC 5424 6.3.3: quote, backslash and bracket are escaped; controls are not let through."""
    text = _UNPRINTABLE.sub("?", str(value))[:_VALUE]
    return re.sub(r'(["\\\]])', r"\\\1", text)
