"""What a service raises instead of doing nothing: a named refusal whose text a person can act on."""

from __future__ import annotations

import re

from django.core.exceptions import PermissionDenied


class Refusal(Exception):
    """Base of named refusals of services; `str()` is the sentence for people."""


class PageRefused(PermissionDenied):
    """A page says no: what was refused, and the one thing to do next."""

    def __init__(self, sentence: str, *, next_step: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step


def named(name: str) -> dict[str, str]:
    """The type and the title of a problem (RFC 9457), from the name of a refusal."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    return {"type": f"urn:mailconsole:problem:{words}", "title": words.replace("-", " ").capitalize()}
