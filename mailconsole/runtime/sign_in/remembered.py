"""Passwords that a directory refused, remembered for a while so that none is tried there twice: each try counts
towards the account's lockout. Keyed digests under a key of this process; never a password."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from transport.ports.accounts import AuthAnswer

MAX_REMEMBERED = 20_000


@dataclass(slots=True)
class Refused:
    """One for each node; belongs to the thread of its loop."""

    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _answers: OrderedDict[bytes, tuple[float, AuthAnswer]] = field(default_factory=OrderedDict)

    def digest(self, username: str, password: str) -> bytes:
        told = f"{username.casefold()}\0{password}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(told, key=self._key, digest_size=32).digest()

    def find(self, digest: bytes) -> AuthAnswer | None:
        """What the directory said to the same name and password, as an answer that guesses nothing anew."""
        until, answer = self._answers.get(digest, (0.0, None))
        if answer is None or self.clock() >= until:
            return None
        reason = f"{answer.reason} The same as before: the directory was not asked again."
        return replace(answer, reason=reason, is_repeated=True)

    def add(self, digest: bytes, answer: AuthAnswer, *, for_s: float) -> None:
        self._answers[digest] = (self.clock() + for_s, answer)
        self._answers.move_to_end(digest)
        while len(self._answers) > MAX_REMEMBERED:
            self._answers.popitem(last=False)
