"""The codes of a list in DNS that count, in Postfix's words (postconf(5), reject_rbl_client). Pure."""

from __future__ import annotations

import itertools
import math
import re

_MOST_CODES = 64
_OCTET = re.compile(r"[0-9]{1,3}")


def codes_of(pattern: str) -> list[str]:
    """The addresses that ``127.0.0.[2..4;10]`` stands for; none where they are too many or it is no such pattern."""
    octets = pattern_octets(pattern)
    if len(octets) != 4 or not all(octets) or math.prod(len(one) for one in octets) > _MOST_CODES:
        return []
    return [".".join(str(part) for part in parts) for parts in itertools.product(*octets)]


def pattern_octets(pattern: str) -> list[list[int]]:
    found = []
    for said in re.findall(r"\[[\d.;]+\]|\d+", pattern)[:5]:
        ranges = [one.partition("..") for one in said.strip("[]").split(";")]
        ends = [(low, high or low) for low, _, high in ranges]
        is_good = all(_OCTET.fullmatch(low) and _OCTET.fullmatch(high) and int(high) < 256 for low, high in ends)
        found.append([number for low, high in ends for number in range(int(low), int(high) + 1)] if is_good else [])
    return found
