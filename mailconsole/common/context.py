"""What every page's template may use: the navigation, the nonce, the theme, the request's id."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from mailconsole.common.middleware import request_id
from mailconsole.common.navigation import navigation_for, tabs_for

THEME_CHOICES = (("light", "sun", "Light"), ("dark", "moon", "Dark"), ("auto", "device-desktop", "As the system"))
SCRIPTS = ("js/theme.js", "js/keys.js", "js/times.js", "js/parts.js", "js/sidebar.js", "js/tables.js", "js/charts.js")


def page(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "auto")
    key = request.resolver_match.view_name if request.resolver_match else ""
    navigation: Any = SimpleLazyObject(lambda: navigation_for(request))
    return {
        "csp_nonce": getattr(request, "csp_nonce", None),
        "is_purpose_dismissed": key in request.COOKIES.get("dismissed", "").split("|"),
        "navigation": navigation,
        "page_key": key,
        "page_tabs": SimpleLazyObject(lambda: tabs_for(navigation, request.path)),
        "request_id": request_id(request),
        "scripts": SCRIPTS,
        "theme": theme if theme in {choice for choice, _, _ in THEME_CHOICES} else "auto",
        "theme_choices": THEME_CHOICES,
    }
