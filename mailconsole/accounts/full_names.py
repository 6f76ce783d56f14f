"""How people are called on pages, by the user name that audit and orders keep of them."""

from __future__ import annotations

from mailconsole.accounts.models import User


def full_names() -> dict[str, str]:
    """Whoever has no full name is called by the user name; so is who is no person here."""
    return dict(User.objects.exclude(full_name="").values_list("username", "full_name"))
