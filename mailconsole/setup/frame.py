"""Where the rest of the console meets the set-up: after sign-in, and as a notice while it is unfinished."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from mailconsole.accounts.models import User
from mailconsole.setup.progress import read_progress


def landing(request: HttpRequest) -> str:
    """Leads an administrator into the set-up until it is finished or put aside."""
    if not _is_administrator(request):
        return ""
    progress = read_progress()
    return "" if progress.is_finished or progress.is_skipped else reverse("setup:start")


def notice(request: HttpRequest) -> dict[str, Any] | None:
    if not _is_administrator(request):
        return None
    progress = read_progress()
    return None if progress.is_finished or progress.is_skipped else {"progress": progress}


def _is_administrator(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_administrator
