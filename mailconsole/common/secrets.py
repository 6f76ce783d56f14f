"""The one store of passwords and keys: encrypted rows, named elsewhere; nothing else ever holds a secret.

The key file is made at first use; a second line in it, put before the first, rotates the key.
"""

from __future__ import annotations

import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from mailconsole.common.models import Secret
from mailconsole.common.refusals import Refusal
from mailconsole.environment import read_or_make_key


class SecretMissing(Refusal):
    """No secret of that name, or it was written with a key that is gone."""


def store_secret(*, name: str, value: str) -> None:
    """Put a secret under its name; replaces an earlier one."""
    ciphertext = _cipher().encrypt(value.encode()).decode("ascii")
    Secret.objects.update_or_create(name=name, defaults={"ciphertext": ciphertext})


def read_secret(name: str) -> str:
    """The secret in clear. Raises SecretMissing."""
    secret = Secret.objects.filter(name=name).first()
    if secret is None:
        raise SecretMissing(f"The secret {name} is not in the store: enter it again.")
    return decrypt(name, secret.ciphertext)


def decrypt(name: str, ciphertext: str) -> str:
    """What a row of the store holds, for a node that keeps a copy of it. Raises SecretMissing."""
    try:
        return _cipher().decrypt(ciphertext.encode()).decode()
    except (InvalidToken, UnicodeError):
        raise SecretMissing(f"The secret {name} was stored under another key: enter it again.") from None


def forget_secret(name: str) -> None:
    """Remove a secret; one that is not there is already forgotten."""
    Secret.objects.filter(name=name).delete()


def has_secret(name: str) -> bool:
    return Secret.objects.filter(name=name).exists()


def is_for_documents(name: str) -> bool:
    """Whether a document may name the secret. What the console keeps for itself has a slash in its name: a connector
    that named it would send it to its smart host."""
    return "/" not in name


def derived_keys(purpose: str) -> tuple[bytes, ...]:
    """Keys that every machine with our key file makes alike, the one in use first; they reveal nothing of the file."""
    lines = read_or_make_key(settings.SECRETS_KEY_FILE, Fernet.generate_key().decode("ascii")).split()
    return tuple(hmac.digest(line.encode("ascii"), purpose.encode(), "sha256") for line in lines)


def _cipher() -> MultiFernet:
    keys = read_or_make_key(settings.SECRETS_KEY_FILE, Fernet.generate_key().decode("ascii"))
    return MultiFernet([Fernet(key) for key in keys.split()])
