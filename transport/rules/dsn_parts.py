"""The parts of a notification as MIME has them (RFC 6522): text, fields, and what of the message goes back. Pure."""

from __future__ import annotations

import binascii

_MESSAGE = "message/rfc822"
_EIGHT_BIT_PART = f"\r\nContent-Type: {_MESSAGE}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode("ascii")


def part(boundary: str, content_type: str, content: bytes) -> bytes:
    """In 7 bits where that may be (RFC 2045 6.4 forbids it for message/rfc822): no next hop can refuse it then."""
    encoding = "7bit"
    if not content.isascii() and content_type == _MESSAGE:
        encoding = "8bit"
    elif not content.isascii():
        encoding, content = "quoted-printable", binascii.b2a_qp(content)
    head = f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + content


def returned(boundary: str, original: bytes, *, is_whole: bool) -> bytes:
    """The message, or its header alone (RFC 3462 2, 3); with UTF-8 in the header by RFC 6533 5."""
    header = original.partition(b"\r\n\r\n")[0]
    is_global = not header.isascii() and _is_utf8(header)
    if is_whole:
        return part(boundary, "message/global" if is_global else _MESSAGE, original)
    content_type = "message/global-headers" if is_global else "text/rfc822-headers"
    return part(boundary, content_type, header + b"\r\n" if header else b"")


def without_content(report: bytes) -> bytes:
    """A report of ours for a peer without 8BITMIME: only the header of what it returns. Others are left as they are."""
    before, mark, message = report.partition(_EIGHT_BIT_PART)
    if not mark:
        return report
    end = report.rstrip(b"\r\n").rpartition(b"\r\n")[2]
    boundary = end[2:-2]
    header = returned(boundary.decode("ascii"), message, is_whole=False)
    return before.removesuffix(b"\r\n--" + boundary) + header + b"\r\n" + end + b"\r\n"


def boundary_for(queue_id: str, original: bytes) -> str:
    number = 0
    while True:
        boundary = f"=_{queue_id}_{number}"
        if boundary.encode("ascii") not in original:
            return boundary
        number += 1


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
