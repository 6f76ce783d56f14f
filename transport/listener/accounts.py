"""Checks passwords of service accounts off the event loop: a few threads, and a short memory of what came out."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from transport.config.objects import ServiceAccount
from transport.ports.accounts import AuthAnswer, AuthResult
from transport.ports.secrets import SecretReader
from transport.ports.unavailable import LookupUnavailable
from transport.rules import passwords, service_accounts

THREADS = 2
MAX_WAITING = 64
RIGHT_FOR_S = 300.0
WRONG_FOR_S = 60.0
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Memory:
    """Digests of passwords with what they were tried against, each for a while."""

    keep_s: float
    until: OrderedDict[bytes, float] = field(default_factory=OrderedDict)

    def holds(self, digest: bytes, now: float) -> bool:
        return self.until.get(digest, 0.0) > now

    def add(self, digest: bytes, now: float) -> None:
        self.until[digest] = now + self.keep_s
        self.until.move_to_end(digest)
        while len(self.until) > MAX_REMEMBERED:
            self.until.popitem(last=False)


class AccountChecker:
    """One for each listener. What it remembers is keyed by a secret of this process: no password and nothing that
    could be tried elsewhere; another password means another hash, so that the old one is forgotten at once."""

    def __init__(self, secret_of: SecretReader, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._secret_of = secret_of
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._right = _Memory(RIGHT_FOR_S)
        self._wrong = _Memory(WRONG_FOR_S)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def check(self, account: ServiceAccount, password: str, *, now: float) -> AuthAnswer:
        """Whether it may sign in with this password. The hash comes from what the node keeps: no database is asked."""
        try:
            stored = self._secret_of(account.password_secret)
        except LookupUnavailable as error:
            reason = f"the password of the service account {account.name} can't be read: {error}"
            return AuthAnswer(AuthResult.CANNOT_TELL, reason=reason)
        digest = self._digest(account.username.casefold(), stored, password)
        is_repeated = self._wrong.holds(digest, self._clock())
        if is_repeated:
            return service_accounts.answer(account, is_right=False, is_repeated=True, now=now)
        is_right = await self._look(digest, stored, password)
        if is_right is None:
            return AuthAnswer(AuthResult.CANNOT_TELL, reason=f"{MAX_WAITING} passwords wait to be checked already")
        return service_accounts.answer(account, is_right=is_right, now=now)

    async def take_as_long(self, username: str, password: str) -> None:
        """Take the time of a wrong password, so that nobody learns which accounts there are."""
        digest = self._digest(username.casefold(), passwords.UNSET, password)
        if not self._wrong.holds(digest, self._clock()):
            await self._look(digest, passwords.UNSET, password)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look(self, digest: bytes, stored: str, password: str) -> bool | None:
        """Whether it is right; None where too many wait."""
        if self._right.holds(digest, self._clock()):
            return True
        if self._waiting >= MAX_WAITING:
            return None
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            is_right = await loop.run_in_executor(self._threads, passwords.is_right, stored, password)
        finally:
            self._waiting -= 1
        (self._right if is_right else self._wrong).add(digest, self._clock())
        return is_right

    def _digest(self, *parts: str) -> bytes:
        told = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
        return hashlib.blake2b(told, key=self._key, digest_size=32).digest()
