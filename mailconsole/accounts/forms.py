"""What people type on the account pages."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "User name and password don't match. Both are case-sensitive.",
        "inactive": "This account is switched off. Ask an administrator.",
    }
