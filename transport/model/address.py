"""Mail addresses as RFC 5321 paths carry them. Own parser: what decides about relay must not guess (hostile.md)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MAX_LOCAL_PART_OCTETS = 64  # RFC 5321 4.5.3.1.1
MAX_DOMAIN_OCTETS = 255  # RFC 5321 4.5.3.1.2
MAX_PATH_OCTETS = 256  # RFC 5321 4.5.3.1.3

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_UTF8 = "[^\x00-\x7f\x80-\x9f\ud800-\udfff]"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_SIMPLE = re.compile(rf"<({_ATEXT}+(?:\.{_ATEXT}+)*)@({_LABEL}(?:\.{_LABEL})*)>")
_LOCAL = re.compile(rf"(?:{_ATEXT}|{_UTF8})+(?:\.(?:{_ATEXT}|{_UTF8})+)*")
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|[^\x00-\x9f\ud800-\udfff]|\\[\x20-\x7e])*)"')
_DOMAIN = re.compile(rf"(?:{_LABEL}|(?:[A-Za-z0-9-]|{_UTF8})+)(?:\.(?:{_LABEL}|(?:[A-Za-z0-9-]|{_UTF8})+))*")
_SOURCE_ROUTE = re.compile(rf"@{_LABEL}(?:\.{_LABEL})*(?:,@{_LABEL}(?:\.{_LABEL})*)*:")


class InvalidAddress(ValueError):
    """The text is no RFC 5321 path; ``str(error)`` is a sentence that may be shown to the peer."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox.

    ``local_part`` as it was given, unquoted when the quotes were not needed; ``domain`` in lower case, empty for the
    null reverse-path and for a bare ``postmaster`` (RFC 5321 4.5.1).
    """

    local_part: str
    domain: str

    def __str__(self) -> str:
        return _text(self.local_part, self.domain)

    @property
    def is_null(self) -> bool:
        """Whether this is the null reverse-path ``<>``."""
        return not self.local_part and not self.domain

    @property
    def is_ascii(self) -> bool:
        """Whether the address can be sent without SMTPUTF8 (RFC 6531)."""
        return self.local_part.isascii() and self.domain.isascii()

    @property
    def key(self) -> str:
        """The form to compare by: Exchange and every directory ignore the case of the local part."""
        return f"{self.local_part}@{self.domain}".lower()


@lru_cache(maxsize=8192)  # asked several times for each recipient of each message
def _text(local_part: str, domain: str) -> str:
    return f"{quote_local_part(local_part)}@{domain}" if domain else local_part


def texts(addresses: Iterable[Address]) -> list[str]:
    """``str`` of each; there may be thousands."""
    return [_text(address.local_part, address.domain) for address in addresses]


NULL = Address("", "")


def parse_path(text: str, *, allow_null: bool = False, allow_postmaster: bool = False) -> Address:
    """Return the address of ``<path>`` (a Reverse-path or Forward-path of RFC 5321 4.1.2).

    A source route is accepted and ignored (RFC 5321 appendix C). Raises InvalidAddress.
    """
    simple = _SIMPLE.fullmatch(text)
    if simple is not None and len(text) <= MAX_LOCAL_PART_OCTETS:
        return Address(simple[1], simple[2].lower())
    if not (text.startswith("<") and text.endswith(">")):
        raise InvalidAddress("an address stands between < and >")
    inner = text[1:-1]
    if not inner:
        if allow_null:
            return NULL
        raise InvalidAddress("the address is empty")
    if allow_postmaster and inner.lower() == "postmaster":
        return Address(inner, "")
    route = _SOURCE_ROUTE.match(inner)
    return parse_mailbox(inner[route.end() :] if route else inner)


def parse_mailbox(text: str) -> Address:
    """Return the address of ``local@domain`` (RFC 5321 4.1.2 Mailbox). Raises InvalidAddress."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_PATH_OCTETS - 2:
        raise InvalidAddress(f"an address has at most {MAX_PATH_OCTETS - 2} octets")
    quoted = _QUOTED.match(text)
    if quoted is not None:
        local, rest = re.sub(r"\\(.)", r"\1", quoted[1]), text[quoted.end() :]
    else:
        plain = _LOCAL.match(text)
        if plain is None:
            raise InvalidAddress("the part before the @ is not valid")
        local, rest = plain[0], text[plain.end() :]
    if not rest.startswith("@"):
        raise InvalidAddress("an address has the form local-part@domain")
    if len(local.encode("utf-8", "surrogatepass")) > MAX_LOCAL_PART_OCTETS:
        raise InvalidAddress(f"the part before the @ has at most {MAX_LOCAL_PART_OCTETS} octets")
    return Address(local, parse_domain(rest[1:]))


def parse_domain(text: str) -> str:
    """Return a domain or address literal in lower case. Raises InvalidAddress."""
    if text.startswith("["):
        return _literal(text)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_DOMAIN_OCTETS or _DOMAIN.fullmatch(text) is None:
        raise InvalidAddress("the domain is not valid")
    for label in text.split("."):
        if len(label) > 63 or label.startswith("-") or label.endswith("-"):
            raise InvalidAddress("the domain is not valid")
    return text.lower()


def _literal(text: str) -> str:
    """RFC 5321 4.1.3; no tag but IPv6 has ever been registered."""
    inner = text[1:-1].lower()
    kind = ipaddress.IPv6Address if inner.startswith("ipv6:") else ipaddress.IPv4Address
    try:
        if text.endswith("]") and inner.isascii() and "%" not in inner:
            kind(inner.removeprefix("ipv6:"))
            return f"[{inner}]"
    except ValueError:
        pass
    raise InvalidAddress("the address literal is not valid")


def is_domain(text: str) -> bool:
    """Whether the text is a domain or an address literal."""
    try:
        parse_domain(text)
    except InvalidAddress:
        return False
    return True


def quote_local_part(local_part: str) -> str:
    """Return the local part with quotes where RFC 5321 needs them."""
    if _LOCAL.fullmatch(local_part) is not None:
        return local_part
    return '"' + local_part.replace("\\", "\\\\").replace('"', '\\"') + '"'
