"""The addresses of a header field such as From or To (RFC 5322 3.4). Pure.

A parser of our own that refuses what it can't read whole: libraries that guess found the wrong domain (CVE-2023-27043).
"""

from __future__ import annotations

import re

from transport.model.address import Address, parse_mailbox

MAX_FIELD = 64 * 1024
_HIDDEN = "\0"
# RFC 5322 3.4: groups do not nest. A name is looked for where one may begin, or a long text would be read again from
# each of its characters.
_GROUP = re.compile("(?<![^,;:<>@])([^,;:<>@]*+):([^:;]*+);")


def parse(field: str, *, are_groups_allowed: bool = False) -> list[Address]:
    """The addresses of an unfolded field, in order. Raises InvalidAddress, ValueError.

    Groups (``name: a@x.example, b@x.example;``) are allowed where the address list may hold them: To, Cc and Bcc.
    """
    if len(field) > MAX_FIELD:
        raise ValueError("the field is too long")
    text, mask = _scan(field)
    if are_groups_allowed:
        text, mask = _without_groups(text, mask)
    parts: list[tuple[str, str]] = []
    begin = 0
    for end in [match.start() for match in re.finditer(",", mask)] + [len(mask)]:
        parts.append((text[begin:end], mask[begin:end]))
        begin = end + 1
    return [_address(text, mask) for text, mask in parts if mask.strip()]


def _scan(field: str) -> tuple[str, str]:
    """The field with a space for each comment, and the same with quoted strings and domain literals hidden, in one
    pass. Comments may nest (RFC 5322 3.2.2). Raises ValueError where one does not end."""
    text: list[str] = []
    mask: list[str] = []
    depth, until, is_escaped = 0, "", False
    for character in field:
        is_hidden = bool(until)
        if is_escaped:
            is_escaped = False
        elif character == "\\" and (depth or until):
            is_escaped = True
        elif until:
            until = "" if character == until else until
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise ValueError("a comment ends that did not begin")
            character = " "
        elif not depth and character in _ENDS:
            until = _ENDS[character]
            is_hidden = True
        if not depth:
            text.append(character)
            mask.append(_HIDDEN if is_hidden else character)
    if depth or until:
        raise ValueError("a comment, a quoted string or a domain literal does not end")
    return "".join(text), "".join(mask)


_ENDS = {'"': '"', "[": "]"}


def _without_groups(text: str, mask: str) -> tuple[str, str]:
    """The members of groups as if they stood for themselves. Raises ValueError where a group has no begin or end."""
    groups = list(_GROUP.finditer(mask))
    text, mask = (_blanked(part, groups) for part in (text, mask))
    if ":" in mask or ";" in mask:
        raise ValueError("a group does not begin or does not end")
    return text, mask


def _blanked(part: str, groups: list[re.Match[str]]) -> str:
    """Of the same length, so that text and mask go together. In one pass: a stranger may write thousands of groups."""
    pieces: list[str] = []
    at = 0
    for group in groups:
        name = " " * (group.start(2) - group.start() - 1)
        pieces += (part[at : group.start()], name, ",", part[group.start(2) : group.end(2)], ",")
        at = group.end()
    return "".join([*pieces, part[at:]])


def _address(text: str, mask: str) -> Address:
    """``local@domain`` or ``any phrase <local@domain>``. Raises InvalidAddress, ValueError."""
    opened, closed = mask.count("<"), mask.count(">")
    if (opened, closed) == (0, 0):
        return parse_mailbox(text.strip())
    if (opened, closed) != (1, 1) or mask.rstrip()[-1] != ">":
        raise ValueError("not one address in angle brackets")
    if "@" in mask[: mask.index("<")]:  # a phrase that looks like an address deceives its reader and parsers alike
        raise ValueError("an address in the name before the address")
    return parse_mailbox(text[mask.index("<") + 1 : mask.index(">")].strip())
