"""Who a client says it is: password checks, made outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class AuthResult(StrEnum):
    """The answer to a password check."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class AuthAnswer:
    """``identity`` is the canonical user name when the answer is yes, ``addresses`` what the user may send as, in lower
    case. ``reason`` is private. ``account``: which account was meant, by a name that is the same however the user wrote
    it; empty where it is unknown. ``is_repeated``: the same wrong password as before, which guesses nothing anew."""

    result: AuthResult
    identity: str = ""
    reason: str = ""
    addresses: tuple[str, ...] = ()
    account: str = ""
    is_repeated: bool = False


class Authenticator(Protocol):
    """Checks a password; may wait for a domain controller, bounded by itself."""

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer: ...


class NoAuthenticator:
    """An Authenticator for a node that knows no accounts."""

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer:
        return AuthAnswer(AuthResult.NO, reason="no accounts are configured")
