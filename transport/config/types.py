"""Field types of the configuration document: each takes what people write and refuses what would reach SMTP wrongly."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, ValidationInfo, WithJsonSchema

from transport.config import client_certificate, dsn_words, time_window
from transport.model.address import InvalidAddress, parse_domain, parse_mailbox

MB = 1024 * 1024
MAX_HOME_SERVER = 256

_SIZE_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
MAX_REPLY_TEXT = 240
"""As Exchange; with code, status and an address it stays within a reply line (RFC 5321 4.5.3.1.5)."""
_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"\s*(\d{1,12})\s*(B|KB|MB|GB)?\s*", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(r"\s*(\d{1,9})\s*([smhd])?\s*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029\ud800-\udfff]")
"""And halves of characters, which no encoding of ours can write."""
_UNSEEN = ("Cf", "Zs", "Zl", "Zp", "Co", "Cn")


def parse_size(value: Any) -> Any:
    """``36 MB`` -> octets (binary multiples, as Exchange counts). Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError(f"'{value}' is not a size; write for example 36 MB, 256 KB or 1000")
    return int(match[1]) * _SIZE_UNITS[(match[2] or "B").upper()]


def format_size(octets: int) -> str:
    """The shortest exact text that ``parse_size`` reads back."""
    for unit in ("GB", "MB", "KB"):
        if octets and octets % _SIZE_UNITS[unit] == 0:
            return f"{octets // _SIZE_UNITS[unit]} {unit}"
    return f"{octets} B"


def parse_duration(value: Any) -> Any:
    """``10m`` -> seconds. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"'{value}' is not a duration; write for example 30s, 10m, 4h or 2d")
    return int(match[1]) * _DURATION_UNITS[match[2] or "s"]


def format_duration(seconds: int) -> str:
    """The shortest exact text that ``parse_duration`` reads back."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _DURATION_UNITS[unit] == 0:
            return f"{seconds // _DURATION_UNITS[unit]}{unit}"
    return f"{seconds}s"


def _refuse_control(value: str) -> str:
    if _CONTROL.search(value):  # hostile.md, header injection: nothing of ours may carry CR, LF or NUL to SMTP
        raise ValueError("must not contain control characters or line breaks")
    return value.strip()


def _reply_text(value: str) -> str:
    """What a peer is told. Raises ValueError."""
    if not value or not (value.isascii() and value.isprintable()):  # RFC 5321 4.2
        raise ValueError("it is part of an SMTP reply: plain ASCII only, and not empty")
    return value


STORED = {"is_stored": True}
"""The context in which what is stored is read: a check that came later never refuses what was published before it."""


def is_stored(info: ValidationInfo) -> bool:
    """For validators that came later than the field they look at."""
    return bool(info.context and info.context.get("is_stored"))


def _later_host_name(value: str, info: ValidationInfo) -> str:
    return value if is_stored(info) else _host_name(_refuse_unseen(value, info))


def _refuse_unseen(value: str, info: ValidationInfo) -> str:
    """Such text is copied from a web page, looks like the real one and never fits. Joiners belong to some scripts."""
    value = _refuse_control(value)
    if value.isascii() or is_stored(info):
        return value
    for before, char in pairwise(f" {value}"):
        is_joiner = char in "\u200c\u200d" and not before.isascii()
        if unicodedata.category(char) in _UNSEEN and char != " " and not is_joiner:
            raise ValueError(f"there is a character in it that can't be seen (U+{ord(char):04X}): type it anew")
    return value


def _network(value: str) -> str:
    """A single address, ``a-b`` range or CIDR in canonical form. Raises ValueError."""
    try:
        if "-" in value:
            low, high = (ipaddress.ip_address(part.strip()) for part in value.split("-", 1))
            if low.version != high.version or int(low) > int(high):
                raise ValueError(f"'{value}' is not a range: the first address must come before the last")
            return f"{low}-{high}"
        network = ipaddress.ip_network(value.strip(), strict=True)
    except ValueError as error:
        if "host bits" in str(error):
            loose = ipaddress.ip_network(value.strip(), strict=False)
            raise ValueError(f"'{value}' has host bits set; did you mean {loose}?") from None
        if "is not a range" in str(error):
            raise
        raise ValueError(
            f"'{value}' is not a network; write for example 10.1.2.3, 10.1.2.0/24 or 10.1.2.3-10.1.2.9"
        ) from None
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _domain(value: str) -> str:
    try:
        return parse_domain(value.strip())
    except InvalidAddress:
        raise ValueError(f"'{value}' is not a domain; write for example contoso.com") from None


def _ip_address(value: str) -> str:
    """An address of either kind, or nothing."""
    try:
        return str(ipaddress.ip_address(value.strip())) if value.strip() else ""
    except ValueError:
        raise ValueError(f"'{value}' is not an IP address; write for example 10.1.2.3 or 2001:db8::1") from None


def _host_name(value: str) -> str:
    """A name that we give ourselves in SMTP (RFC 5321 4.1.1.1), or nothing."""
    value = value.strip()
    try:
        return parse_domain(value) if value else ""
    except InvalidAddress:
        raise ValueError(f"'{value}' is not a host name; write for example mail.contoso.com") from None


_REPLY_CODE = re.compile(r"([45]\d\d)?\s*([45]\.\d{1,3}\.\d{1,3})?")


def _reply_code(value: str) -> str:
    """A reply code, an enhanced status, or both. Raises ValueError."""
    match = _REPLY_CODE.fullmatch(value.strip())
    if match is None or not (match[1] or match[2]):
        raise ValueError(f"'{value}' is not a reply; write for example 550, 5.7.1 or 550 5.7.1")
    if match[1] and match[2] and match[1][0] != match[2][0]:
        raise ValueError(f"'{value}' contradicts itself: {match[1]} and {match[2]} never come together")
    return " ".join(filter(None, match.groups()))


def _enhanced_status(value: str) -> str:
    if re.fullmatch(r"5\.\d{1,3}\.\d{1,3}", value.strip()) is None:
        raise ValueError(f"'{value}' is not the status of a failure; write for example 5.4.6")
    return value.strip()


MAX_SYSTEM_MESSAGE = 500
_SYSTEM_MESSAGE = re.compile(r"([45]\.\d{1,3}\.\d{1,3})\s+(\S.*)")


def _system_message(value: str) -> str:
    """``5.1.1 text``. Raises ValueError."""
    match = _SYSTEM_MESSAGE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value[:60]}' needs a status and a text, such as 5.1.1 Ask the help desk")
    if len(match[2]) > MAX_SYSTEM_MESSAGE:
        raise ValueError(f"the text for {match[1]} has more than {MAX_SYSTEM_MESSAGE} characters")
    return f"{match[1]} {match[2]}"


@dataclass(frozen=True, slots=True)
class Sentences:
    """Each item of the list is a line of its own, which may hold commas."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen, known only when it is asked: value and label."""

    of: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Names:
    """The text is the id of an object of this section; whether it is there, only the whole document tells."""

    section: str


@dataclass(frozen=True, slots=True)
class NamesPerson:
    """The text is the user name of a reviewer; who that is, only the console tells."""


def _language_names() -> Mapping[str, str]:
    return {tag: words.name for tag, words in dsn_words.languages().items()}


def _domain_pattern(value: str) -> str:
    """``*``, ``contoso.com`` or ``*.contoso.com`` (Exchange: the domain and its subdomains)."""
    value = value.strip()
    if value == "*":
        return value
    return "*." + _domain(value[2:]) if value.startswith("*.") else _domain(value)


def _mailbox(value: str) -> str:
    try:
        return str(parse_mailbox(value.strip()))
    except InvalidAddress as error:
        raise ValueError(f"'{value}' is not an address: {error}") from None


def _address_pattern(value: str) -> str:
    """An address, a domain or ``*.domain``."""
    if "@" in value:
        return _mailbox(value)
    try:
        return _domain_pattern(value)
    except ValueError:
        raise ValueError(
            f"'{value}' is neither an address nor a domain; write for example anna@contoso.com, contoso.com or "
            "*.contoso.com"
        ) from None


_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:\[\]]+))(?::(\d{1,5}))?")


def _smart_host(value: str) -> str:
    """``host``, ``host:port``, ``[address]`` or ``[address]:port``. Raises ValueError."""
    match = _HOST.fullmatch(value.strip())
    if match is None or (match[3] is not None and not 0 < int(match[3]) < 65536):
        raise ValueError(f"'{value}' is not a smart host; write for example mx.contoso.com, 10.1.2.3:25 or [::1]:25")
    port = f":{int(match[3])}" if match[3] else ""
    if match[1]:
        return f"[{ipaddress.ip_address(match[1])}]{port}"
    return _domain(match[2]) + port


_NO_SERVER = re.compile(r"[/;=?]|\*\s*\*")


def _home_server(value: str) -> str:
    """A server's name, with ``*`` for any letters; of a legacy DN its last name. Raises ValueError."""
    name = re.split("/cn=", value, flags=re.IGNORECASE)[-1].strip()
    if not name or len(name) > MAX_HOME_SERVER or _NO_SERVER.search(name):
        raise ValueError(f"'{value[:80]}' is not a home server; write for example EX01 or EX*")
    return name


def _lines(value: str) -> str:
    """Raises ValueError."""
    lines = value.replace("\r\n", "\n").split("\n")
    for line in lines:
        _refuse_control(line)
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _binding(value: str) -> str:
    """``smtp``, ``submission`` (the node's own addresses) or ``address:port``. Raises ValueError."""
    value = value.strip()
    if value in ("smtp", "submission"):
        return value
    match = _HOST.fullmatch(value)
    if match is None or not match[3] or not 0 < int(match[3]) < 65536:
        raise ValueError(f"'{value}' is not a binding; write smtp, submission, 0.0.0.0:25 or [::]:25")
    address = ipaddress.ip_address(match[1] or match[2])
    return f"[{address}]:{int(match[3])}" if address.version == 6 else f"{address}:{int(match[3])}"


def _time_window(value: str) -> str:
    return str(time_window.parse(value))


def _time_zone(value: str) -> str:
    try:
        return ZoneInfo(value.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{value}' is not a time zone; write for example Europe/Berlin or UTC") from None


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["36 MB"]}),
]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["10m"]}),
]
ObjectId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(_refuse_control)]
Lines = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_lines)]
"""A text of several lines, which end in LF."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_refuse_control)]
ReplyText = Annotated[
    str, StringConstraints(max_length=MAX_REPLY_TEXT), AfterValidator(_refuse_control), AfterValidator(_reply_text)
]
Network = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_network)]
Domain = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_domain)]
IpAddress = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_ip_address)]
HostName = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_host_name)]
LaterHostName = Annotated[
    str, StringConstraints(max_length=500), AfterValidator(_refuse_control), AfterValidator(_later_host_name)
]
"""Of a field that took any line once."""
EnhancedStatus = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_enhanced_status)]
SystemMessage = Annotated[str, AfterValidator(_refuse_control), AfterValidator(_system_message), Sentences()]
DsnLanguage = Annotated[str, AfterValidator(dsn_words.language), Choices(_language_names)]
ReplyCode = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_reply_code)]
DomainPattern = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_domain_pattern)]
Mailbox = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_mailbox)]
AddressPattern = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_address_pattern)]
HomeServerPattern = Annotated[str, AfterValidator(_refuse_control), AfterValidator(_home_server)]
SmartHost = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_smart_host)]
TimeWindow = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_time_window)]
TimeZone = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_time_zone)]
ClientCertificate = Annotated[str, AfterValidator(_refuse_control), AfterValidator(client_certificate.canonical)]
Binding = Annotated[str, AfterValidator(_refuse_unseen), AfterValidator(_binding)]
