"""A list as people write it: one item a line, or with commas between; a comma in quotes is part of its item."""

from __future__ import annotations

import re

_ITEM_ENDS = re.compile(r"""("(?:[^"\\\r\n]|\\.){0,320}")|,""")


def items_of(text: str, *, has_commas: bool = False) -> list[str]:
    """The items; ``has_commas`` where each line is one item, whatever stands in it."""
    lines = text if has_commas else _ITEM_ENDS.sub(lambda match: match[1] or "\n", text)
    return [line.strip() for line in lines.splitlines() if line.strip()]
