"""Where somebody lands after signing in without having asked for a page: other apps may lead them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

Guide = Callable[[HttpRequest], str]
_guides: list[Guide] = []


def register(guide: Guide) -> None:
    """A guide answers an address, or nothing where it does not mind; called in `AppConfig.ready`."""
    if guide not in _guides:
        _guides.append(guide)


def landing_page(request: HttpRequest) -> str:
    return next((url for guide in _guides if (url := guide(request))), "/")
