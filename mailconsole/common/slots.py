"""Places in the frame of every page that other apps fill, so that the frame need not know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.http import HttpRequest

Provider = Callable[[HttpRequest], Mapping[str, Any] | None]


class Slot(Enum):
    """Where in the frame."""

    TRANSPORT_HEALTH = "transport_health"
    WAITING = "waiting"
    DRAFT_BAR = "draft_bar"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Fill:
    """A template and where its context comes from; a provider that answers None leaves the place empty."""

    template: str
    provider: Provider


_fills: dict[Slot, Fill] = {}


def fill(slot: Slot, *, template: str, provider: Provider) -> None:
    """Fill a place of the frame; called in `AppConfig.ready`."""
    _fills[slot] = Fill(template=template, provider=provider)


def fill_of(slot: Slot) -> Fill | None:
    return _fills.get(slot)
