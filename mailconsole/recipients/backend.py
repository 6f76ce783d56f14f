"""Django's question who somebody is, answered by a directory. Local people come first and never depend on one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import DirectoryPerson
from mailconsole.recipients.services.console_sign_in import sign_in
from mailconsole.recipients.services.people import may_act


class DirectoryBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if not username or not password:
            return None
        local = User.objects.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        if local.filter(
            username__iexact=username
        ).exists():  # a local name is never looked up elsewhere: another's password must not open it
            return None
        try:
            return sign_in(name=username, password=password, now=timezone.now(), request=request)
        except Refusal as refusal:
            if request is not None:
                request.sign_in_problem = str(refusal)  # type: ignore[attr-defined]
            return None

    def get_user(self, user_id: int) -> User | None:
        """For every request of a session: nobody whom the directory has ended or not confirmed for long."""
        known = DirectoryPerson.objects.select_related("user").filter(user_id=user_id).first()
        if known is None or not known.user.is_active or not may_act(known, timezone.now()):
            return None
        return known.user
