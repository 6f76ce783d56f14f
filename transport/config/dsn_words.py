"""The words of notifications in each language. A language is one file of ``dsn_languages`` that defines ``WORDS``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from transport.config import dsn_languages

KINDS = ("failed", "delayed", "relayed", "delivered")
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, and what the sender can do about it."""

    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DsnWords:
    """``subjects`` and ``openings`` by kind of notification; ``advice`` by enhanced status without its class (RFC
    3463): the detail, else the subject, else ``other``. ``when`` is for strftime. What is in braces is filled in."""

    name: str
    sender: str
    when: str
    subjects: Mapping[str, str]
    openings: Mapping[str, str]
    delayed_until: str  # {until}
    your_subject: str  # {subject}
    and_more: str  # {number}
    for_administrators: str
    generated_by: str  # {hostname}, {organization}
    queue_id: str  # {queue_id}
    received: str  # {received}
    remote: str  # {remote}
    remote_said: str  # {reply}
    advice: Mapping[str, Advice]
    other: Advice


@cache
def languages() -> Mapping[str, DsnWords]:
    """The words by language tag (RFC 5646), which is the name of the file."""
    found = sorted(module.name for module in pkgutil.iter_modules(dsn_languages.__path__))
    return {tag: importlib.import_module(f"{dsn_languages.__name__}.{tag}").WORDS for tag in found}


def language(tag: str) -> str:
    """``tag`` where there are words for it. Raises ValueError."""
    if tag not in languages():
        known = ", ".join(f"{known} ({words.name})" for known, words in languages().items())
        raise ValueError(f"there are no words for '{tag}'; there are for {known}")
    return tag
