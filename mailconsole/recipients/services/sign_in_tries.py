"""How often a password was tried for somebody lately, in the database: every process of the console counts alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.crypto import salted_hmac

from mailconsole.recipients.models import SignInTry

MOST_WRONG, WRONG_FOR = 3, timedelta(minutes=10)
"""Active Directory locks an account after five or ten; the owner's own tries elsewhere count there too."""


@dataclass(frozen=True, slots=True)
class Tries:
    """Those for one account of a directory, or for one name as it was typed."""

    what: str
    whose: str

    def is_spent(self, now: datetime) -> bool:
        return SignInTry.objects.filter(key=self._key("count"), until__gt=now, count__gte=MOST_WRONG).exists()

    def is_known_wrong(self, password: str, now: datetime) -> bool:
        """The same one again guesses nothing anew, and the account's owner makes that mistake most."""
        return SignInTry.objects.filter(key=self._key("same", password), until__gt=now).exists()

    def take(self, now: datetime) -> bool:
        """Count one before it is made, so that many at once are not more; False where none is left."""
        SignInTry.objects.filter(until__lte=now).delete()
        key = self._key("count")
        SignInTry.objects.get_or_create(key=key, defaults={"until": now + WRONG_FOR})
        return bool(SignInTry.objects.filter(key=key, count__lt=MOST_WRONG).update(count=F("count") + 1))

    def give_back(self) -> None:
        """It was right."""
        SignInTry.objects.filter(key=self._key("count"), count__gt=0).update(count=F("count") - 1)

    def remember_wrong(self, password: str, now: datetime) -> None:
        SignInTry.objects.get_or_create(key=self._key("same", password), defaults={"until": now + WRONG_FOR})

    def _key(self, *told: str) -> str:
        secret = "\0".join([self.what, self.whose, *told])
        return salted_hmac("directory sign-in", secret, algorithm="sha256").hexdigest()
