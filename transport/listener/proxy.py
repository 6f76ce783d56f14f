"""Clients behind a listed proxy: PROXY protocol and XCLIENT. Nobody but a listed proxy is believed."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from transport.listener import opening, replies
from transport.listener.proxy_header import MAX_V2, HeaderReader, InvalidProxyHeader, parse
from transport.rules import admission

if TYPE_CHECKING:
    from transport.listener.session import Session

_ATTRIBUTES = frozenset({"NAME", "ADDR", "PORT", "PROTO", "HELO"})
_ATTRIBUTE = re.compile(r"([A-Za-z]{1,16})=((?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-Fa-f]{2}){1,255})")
_HEX = re.compile(r"\+([0-9A-Fa-f]{2})")
_NOT_KNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")


def header_received(session: Session, reader: HeaderReader, data: bytes, start: int) -> int:
    """Take octets of a PROXY header; returns the index of the first that is not of it."""
    before = len(reader.octets)
    reader.octets += data[start : start + MAX_V2 + 1]
    try:
        header = parse(reader.octets)
    except InvalidProxyHeader as error:
        session.reader = None
        opening.turn_away(session, admission.not_a_proxy_header(session.facts, str(error)))
        return len(data)
    if header is None:
        return len(data)
    session.reader = None
    proxy = session.facts.proxy
    if header.address:
        opening.serve(session, header.address, header.port, proxy=proxy)
    else:  # a health check of the proxy's own: it is greeted, and can send nothing
        opening.serve(session, proxy, session.facts.peer_port, proxy=proxy)
    return start + header.length - before


def xclient(session: Session, argument: str) -> None:
    """Answer XCLIENT (Postfix's XCLIENT_README): the session begins anew, with the client that the proxy names."""
    if not session.offers_xclient:
        session.protocol_error(replies.NOT_IMPLEMENTED)
        return
    if session.transaction is not None:
        session.protocol_error(replies.BAD_SEQUENCE)
        return
    given = _attributes(argument)
    address = _address(given.get("ADDR", "")) if given is not None else None
    port, protocol = (given or {}).get("PORT", "0"), (given or {}).get("PROTO", "ESMTP").upper()
    if given is None or not address or protocol not in ("SMTP", "ESMTP"):
        session.protocol_error(replies.BAD_XCLIENT)
        return
    helo = given.get("HELO", "")
    number = int(port) if port.isdigit() and len(port) <= 5 else 0
    opening.name_client(session, address, number, helo=helo, is_esmtp=bool(helo) and protocol == "ESMTP")


def _attributes(argument: str) -> dict[str, str] | None:
    """The attributes by name, None where one is not valid; what the proxy does not know is left out."""
    given: dict[str, str] = {}
    for word in argument.split():
        match = _ATTRIBUTE.fullmatch(word)
        if match is None or match[1].upper() not in _ATTRIBUTES:
            return None
        value = _HEX.sub(lambda found: chr(int(found[1], 16)), match[2])
        if not (value.isascii() and value.isprintable()):
            return None
        if value.upper() not in _NOT_KNOWN:
            given[match[1].upper()] = value
    return given


def _address(text: str) -> str:
    """The client's address as the rules have it; empty where there is none."""
    try:
        address = ipaddress.ip_address(text[5:] if text.upper().startswith("IPV6:") else text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if "%" in str(address):  # a scope is any text, and means nothing here
        return ""
    return "" if address.is_unspecified or address.is_multicast else str(address)
