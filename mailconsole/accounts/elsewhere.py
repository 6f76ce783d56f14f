"""People of whom somebody else decides whether they may act, as a directory does: its app plugs itself in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailconsole.accounts.models import User


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a person. `ended_because` is empty where it has not been ended there."""

    may_act: bool
    ended_because: str = ""


Asks = Callable[[User, datetime], Word | None]
_asks: list[Asks] = []


def register(ask: Asks) -> None:
    """Called in `AppConfig.ready`; `ask` answers None for people who are not its own."""
    if ask not in _asks:
        _asks.append(ask)


def word_on(person: User, now: datetime) -> Word:
    """Nobody else decides of local people."""
    return next((word for ask in _asks if (word := ask(person, now)) is not None), Word(may_act=True))
