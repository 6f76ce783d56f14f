"""What a person wrote and a service refused: it stands in its field again when the page comes back, once."""

from __future__ import annotations

from django.http import HttpRequest

from mailconsole.changes.models import Change

_KEY = "unsaid"
_NOT_WRITTEN = {"csrfmiddlewaretoken", "digest"}
_FIELDS, _LENGTH = 200, 5000


def keep_unsaid(request: HttpRequest, change: Change) -> None:
    """In the session of whoever wrote it; nobody else sees it."""
    said = [(name, text[:_LENGTH]) for name, text in request.POST.items() if name not in _NOT_WRITTEN and text]
    if said:
        request.session[_KEY] = {"change": change.pk, "said": dict(said[:_FIELDS])}


def unsaid(request: HttpRequest, change: Change) -> dict[str, str]:
    """By the name of the field; forgotten with this answer."""
    kept = request.session.get(_KEY)
    if not kept or kept["change"] != change.pk:
        return {}
    del request.session[_KEY]
    found: dict[str, str] = kept["said"]
    return found
