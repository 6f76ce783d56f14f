"""What a file of the Pickup directory says: its envelope from its header, and the message that is sent. Pure.

RFC 5322 decides what is a header; Exchange what is taken away (Received, Resent-*, Bcc) and added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate

from transport.config.objects.pickup import PickupDirectory
from transport.config.types import format_size
from transport.model.address import Address, InvalidAddress
from transport.rules import address_list, headers

_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_UNSAFE_HOST = re.compile(r"[^A-Za-z0-9._:\[\]-]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RECIPIENTS = ("to", "cc", "bcc")


class BadFile(Exception):
    """The file can't be sent as it stands; ``str()`` says why, for an operator."""


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One field with its continuation lines and their CRLF; ``name`` in lower case."""

    name: str
    octets: bytes

    @property
    def value(self) -> str:
        """Unfolded (RFC 5322 2.2.3)."""
        return self.octets.partition(b":")[2].replace(b"\r\n", b"").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A file that can be sent. ``fields`` are those that stay; ``body`` begins after the empty line."""

    sender: Address
    recipients: tuple[Address, ...]
    fields: tuple[HeaderField, ...]
    body: bytes

    @property
    def is_smtputf8(self) -> bool:
        """Whether the envelope needs SMTPUTF8 (RFC 6531)."""
        return not all(address.is_ascii for address in (self.sender, *self.recipients))


def read(content: bytes, limits: PickupDirectory) -> PickedUp:
    """Read the file. Raises BadFile."""
    content = _LINE_END.sub(b"\r\n", content.removeprefix(_BYTE_ORDER_MARK))
    header = headers.header_of(content)
    if len(header) > limits.pickup_directory_max_header_size:
        limit = format_size(limits.pickup_directory_max_header_size)
        raise BadFile(f"The header has {len(header)} octets; the limit is {limit}.")
    fields = _fields(header)
    sender, recipients = _sender(fields), _recipients(fields)
    limit_of_recipients = limits.pickup_directory_max_recipients_per_message
    if len(recipients) > limit_of_recipients:
        raise BadFile(f"It has {len(recipients)} recipients; the limit is {limit_of_recipients}.")
    stays = tuple(field for field in fields if not _is_taken_away(field.name))
    return PickedUp(sender, recipients, stays, content[len(header) :].removeprefix(b"\r\n"))


def compose(file: PickedUp, *, queue_id: str, hostname: str, now: float) -> bytes:
    """The message: our trace, what stays of the header, what it must have (RFC 5322 3.6) and lacks, and the body."""
    host = _UNSAFE_HOST.sub("?", hostname)
    names = {field.name for field in file.fields}
    # RFC 5321 4.4 asks for a trace field; there was no protocol, so that it has neither "from" nor "with".
    added = [f"Received: by {host} (Mailconsole Pickup) id {queue_id};\r\n\t{formatdate(int(now))}\r\n"]
    missing = [] if "date" in names else [f"Date: {formatdate(int(now))}\r\n"]
    missing += [] if "message-id" in names else [f"Message-ID: <{queue_id}@{host}>\r\n"]
    before, after = "".join(added).encode(), "".join(missing).encode()
    return b"".join((before, *(field.octets for field in file.fields), after, b"\r\n", file.body))


def _fields(header: bytes) -> list[HeaderField]:
    fields: list[HeaderField] = []
    for number, line in enumerate(header.removesuffix(b"\r\n").split(b"\r\n") if header else (), 1):
        match = _FIELD.match(line)
        if match is not None:
            fields.append(HeaderField(match[1].decode("ascii").lower(), line + b"\r\n"))
        elif line[:1] in (b" ", b"\t") and fields:
            fields[-1] = HeaderField(fields[-1].name, fields[-1].octets + line + b"\r\n")
        else:
            raise BadFile(f"Line {number} is no header field, and no empty line ended the header before it.")
    return fields


def _sender(fields: Sequence[HeaderField]) -> Address:
    """The reverse-path: Sender, else From (RFC 5322 3.6.2)."""
    writers = [field for field in fields if field.name == "from"]
    if len(writers) != 1:
        raise BadFile("It has no From field." if not writers else f"It has {len(writers)} From fields; one is right.")
    authors = _addresses(writers[0])
    senders = [address for field in fields if field.name == "sender" for address in _addresses(field)]
    if len(senders) > 1:
        raise BadFile("Sender names more than one address.")
    if senders:
        return senders[0]
    if len(authors) != 1:
        said = "names several addresses, and there is no Sender" if authors else "names no address"
        raise BadFile(f"From {said}.")
    return authors[0]


def _recipients(fields: Sequence[HeaderField]) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for field in fields:
        for address in _addresses(field) if field.name in _RECIPIENTS else ():
            found.setdefault(address.key, address)
    if not found:
        raise BadFile("Neither To nor Cc nor Bcc names a recipient.")
    return tuple(found.values())


def _addresses(field: HeaderField) -> list[Address]:
    try:
        return address_list.parse(field.value, are_groups_allowed=field.name in _RECIPIENTS)
    except (InvalidAddress, ValueError) as error:
        raise BadFile(f"The {field.name.capitalize()} field can't be read: {error}.") from None


def _is_taken_away(name: str) -> bool:
    return name in ("received", "bcc") or name.startswith("resent-")
