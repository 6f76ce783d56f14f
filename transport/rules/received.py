"""Where a message came to our own relays from, by the Received fields that they wrote (RFC 5321 4.4). Pure.

Only the fields from the top on count, and only as long as each was written by a server of ours: what a stranger wrote
stands below the one that tells of the stranger. Names in them are hostile text; addresses are taken from the TCP-info
in parentheses, as Postfix, Exchange, Sendmail, Exim and we ourselves write it. Who signed in at a server of ours is no
stranger, wherever they are: their home address is none that lists are asked about.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

MAX_FIELDS = 100
"""More would be a loop, which the hop count refuses."""
MAX_FIELD_BYTES = 2000
_RECEIVED = re.compile(rb"^received:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_WITH = re.compile(r"(?<!\S)with ", re.IGNORECASE)
_SIGNED_IN = re.compile(r"with (?:UTF8SMTP|ESMTP|LMTP|UTF8LMTP)S?A(?![^\s;])", re.IGNORECASE)
"""RFC 3848 and RFC 6531 4.3: the protocols whose last letter says that the client authenticated."""
_SIGNED_IN_AS = re.compile(r"Authenticated sender:", re.IGNORECASE)
_BY = re.compile(r"(?<![^\s)])by ", re.IGNORECASE)
_EXIM_HELO = re.compile(r"\s*helo=", re.IGNORECASE)
_SAID_BY_CLIENT = re.compile(r"\s*(?:helo|ehlo)\b", re.IGNORECASE)
_SAID_FROM_HERE = re.compile(r"\b(?:helo|ehlo|ident)=.*", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%[^\]\s]{1,20})?\]", re.IGNORECASE)
_BARE = re.compile(r"(?<![0-9A-Za-z:.\[])([0-9A-Fa-f:.]{2,45})(?:%\w{1,20})?(?![0-9A-Za-z:.\]])")


@dataclass(frozen=True, slots=True)
class Origin:
    """``address`` is the first that is none of our own servers, empty where there is none or it can't be told;
    ``because`` says how that is known."""

    address: str
    because: str
    is_known: bool = True


def origin(header: bytes, peer: str, is_internal: Callable[[str], bool]) -> Origin:
    """``peer`` is the server of ours that the message came from."""
    by = peer
    for field in islice(_RECEIVED.finditer(header), MAX_FIELDS):
        text = field[0][:MAX_FIELD_BYTES]
        address = sender_of(text)
        if address and is_internal(address):  # a server of ours may sign in at another, whoever the mail is from
            by = address
            continue
        if is_signed_in(text):
            return Origin("", f"It was handed in at {by} by somebody who signed in.")
        if not address:
            return Origin("", f"The Received field of {by} names no address that it came from.", is_known=False)
        return Origin(address, f"It came from {address} to {by}, a server of ours, as its Received field says.")
    return Origin("", f"It began at {by}, a server of ours.")


def sender_of(field: bytes) -> str:
    """The address that a Received field says its message came from; empty where it names none."""
    name, rest = _from(field)
    for comment in _comments_before_by(rest):
        address = _in_comment(name, comment)
        if address:
            return address
    return ""


def is_signed_in(field: bytes) -> bool:
    """Whether a Received field says that its client had authenticated: by its protocol, or in Postfix's own words."""
    _, rest = _from(field)
    if any(_SIGNED_IN_AS.match(comment) for comment in _comments_before_by(rest)):
        return True
    by = _outside_comments(rest, _BY, 0)
    said = _outside_comments(rest, _WITH, by) if by >= 0 else -1  # the first: a recipient's name may hold the next
    return said >= 0 and _SIGNED_IN.match(rest, said) is not None


def _from(field: bytes) -> tuple[str, str]:
    """The name of the from-clause, which the client chose, and what stands behind it; empty where there is none."""
    text = " ".join(field.decode("latin-1").split())
    verb, _, rest = text.partition(":")[2].strip().partition(" ")
    if verb.lower() != "from":
        return "", ""
    if rest.startswith("("):
        return "", rest
    name, _, rest = rest.partition(" ")
    return name, rest


def _in_comment(name: str, comment: str) -> str:
    if _EXIM_HELO.match(comment):  # from [192.0.2.1] (helo=x): what the client said is in the comment
        literal = _LITERAL.fullmatch(name)
        return _address(literal[1]) if literal is not None else ""
    if _SAID_BY_CLIENT.match(comment):
        return ""
    inside = _SAID_FROM_HERE.sub("", comment)
    found = [*_LITERAL.finditer(inside)][-1:] or _BARE.finditer(inside)
    return next((known for match in found if (known := _address(match[1]))), "")


def _comments_before_by(rest: str) -> Iterator[str]:
    """The comments of the from-clause, without their outer parentheses; nested ones as part of them."""
    depth, begun = 0, 0
    for at, char in enumerate(rest):
        if char == "(":
            begun = begun if depth else at + 1
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            if not depth:
                yield rest[begun:at]
        elif not depth and (char == ";" or _BY.match(rest, at)):
            return


def _outside_comments(rest: str, word: re.Pattern[str], at: int) -> int:
    """Where the word stands first from ``at`` on, in no comment; -1 where it does not."""
    depth = 0
    for here in range(at, len(rest)):
        if rest[here] in "()":
            depth = max(depth + (1 if rest[here] == "(" else -1), 0)
        elif not depth and rest[here] == ";":
            return -1
        elif not depth and word.match(rest, here):
            return here
    return -1


def _address(text: str) -> str:
    """In its usual form, IPv4-mapped IPv6 unwrapped; empty where it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
