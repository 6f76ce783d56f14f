"""Pure: SMTP addresses as a directory holds them, and the key under which they are found.

The grammar is RFC 5321 4.1.2 with RFC 6531's UTF-8; address literals are no recipients of a directory.
"""

import re
import unicodedata

MAX_LOCAL_PART_OCTETS = 64  # RFC 5321 4.5.3.1.1
MAX_DOMAIN_OCTETS = 255  # RFC 5321 4.5.3.1.2

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_QUOTED = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u0080-\U0010ffff]|\\[\x20-\x7e])*"')
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?")


class MalformedAddress(ValueError):
    """The text is not an SMTP address; str() says why."""


def parse_address(text: str) -> str:
    """The address as written, spaces around it removed; raises MalformedAddress."""
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise MalformedAddress(f"{_shown(text)} is not an address: it needs a local part, an @ and a domain")
    if not (_DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local)) or _has_odd_characters(address):
        raise MalformedAddress(f"{_shown(text)} has a local part that SMTP does not allow")
    if len(local.encode()) > MAX_LOCAL_PART_OCTETS:
        raise MalformedAddress(f"{_shown(text)} has a local part of more than {MAX_LOCAL_PART_OCTETS} octets")
    if not _is_domain(domain):
        raise MalformedAddress(f"{_shown(text)} has a domain that is no domain name")
    return address


def address_key(address: str) -> str:
    """The key of an address: equal for two spellings of one recipient.

    Domains are case-insensitive by RFC 5321 2.4, with U-labels as A-labels; local parts are so in every directory
    that we know. A quoted local part that needs no quotes is the same as the bare one (RFC 5321 4.1.2).
    """
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        local = _unquoted(local)
    if not address.isascii():
        local = unicodedata.normalize("NFC", local)
        domain = domain_key(domain)
    return f"{local}@{domain}".lower()


def domain_key(domain: str) -> str:
    """The domain in lower case, U-labels as A-labels where they can be one."""
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return unicodedata.normalize("NFC", domain).lower()


def domain_of(address: str) -> str:
    """The domain's key of an address or of an address key."""
    return domain_key(address.rpartition("@")[2])


def _unquoted(local: str) -> str:
    bare = re.sub(r"\\(.)", r"\1", local[1:-1])
    return bare if _DOT_ATOM.fullmatch(bare) else local


def _is_domain(domain: str) -> bool:
    key = domain_key(domain)
    if len(key) > MAX_DOMAIN_OCTETS:
        return False
    return all(_LABEL.fullmatch(label) for label in key.split("."))


def _has_odd_characters(address: str) -> bool:
    # Control, format and separator characters (bidi marks, zero-width spaces) make two addresses look like one.
    if address.isascii():
        return False
    return any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
               for character in address if not character.isascii())  # fmt: skip


def _shown(text: str) -> str:
    return repr(text[:80])
