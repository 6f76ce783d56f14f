"""What every page's template may use: the navigation, the nonce, the theme, the request's id."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from mailconsole.common.middleware import request_id
from mailconsole.common.navigation import navigation_for

THEMES = ("light", "dark", "auto")


def page(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "auto")
    return {
        "csp_nonce": getattr(request, "csp_nonce", None),
        "navigation": SimpleLazyObject(lambda: navigation_for(request)),
        "request_id": request_id(request),
        "theme": theme if theme in THEMES else "auto",
    }
