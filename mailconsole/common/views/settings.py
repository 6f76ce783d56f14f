"""The settings in effect, without what is secret in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailconsole.environment import ROOT, SETTINGS, Setting, embedded_redis_url


@dataclass(frozen=True, slots=True)
class SettingInEffect:
    """A setting, what it is now, and whether somebody set it; embedded is what ./console up started itself. A home at
    the default place counts as not set: the supervisor tells every part where it is."""

    setting: Setting
    value: str
    is_set: bool
    is_embedded: bool = False


@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    rows = [_in_effect(setting) for setting in SETTINGS]
    return render(request, "settings.html", {"rows": rows, "home": settings.HOME})


def _in_effect(setting: Setting) -> SettingInEffect:
    given = os.environ.get(setting.name, "").strip()
    is_embedded = setting.name == "REDIS_URL" and given == embedded_redis_url(settings.HOME)
    is_default_home = setting.name == "MAILCONSOLE_HOME" and Path(given) == ROOT / setting.default
    is_set = bool(given) and not is_embedded and not is_default_home
    return SettingInEffect(setting, public_value(given) or setting.default, is_set, is_embedded)


def public_value(value: str) -> str:
    """A URL without its user, password and query, which may hold secrets; anything else as it is."""
    if "://" not in value:
        return value
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
