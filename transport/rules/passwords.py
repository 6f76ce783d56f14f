"""Hashes of service accounts' passwords: argon2id, as OWASP's smallest. Pure but for the salt."""

from __future__ import annotations

import secrets
from functools import cache

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

# 19 MiB and about 20 ms: the passwords are of our making, so that nobody guesses them even at a thousand a second.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
UNSET = "!"
"""Stored while no password was made: it is no hash, so that no password is right."""


def make_hash(password: str) -> str:
    return _HASHER.hash(password)


def is_hash(text: str) -> bool:
    return text.startswith("$argon2")


def is_right(stored: str, password: str) -> bool:
    """Whether ``password`` is the one of the hash; takes as long where ``stored`` is no hash, and says no."""
    try:
        return _HASHER.verify(stored if is_hash(stored) else nobodys_hash(), password) and is_hash(stored)
    except (VerificationError, InvalidHashError):
        return False


@cache
def nobodys_hash() -> str:
    """The hash of a password that nobody has."""
    return make_hash(secrets.token_hex(16))
