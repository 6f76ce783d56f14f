"""Service accounts for tests: the object, and a node's secrets that hold its password as the product would."""

from typing import Any

from transport.config.objects import ServiceAccount
from transport.ports.unavailable import LookupUnavailable
from transport.rules import passwords

PASSWORD = "abcde-fghjk-mnpqr-stuvw"


def service_account(username: str = "scanner", **fields: Any) -> ServiceAccount:
    """Owns ``username@acme.example``; its password is PASSWORD where ``Secrets`` holds it."""
    base = {
        "id": username.lower(),
        "name": username.capitalize(),
        "username": username,
        "addresses": (f"{username}@acme.example",),
        "password_secret": f"{username.lower()}.1",
        "owner": "Facilities",
        "purpose": "Scan to mail",
    }
    return ServiceAccount.model_validate(base | fields)


class Secrets(dict[str, str]):
    """A SecretReader; counts what it was asked."""

    def __init__(self, *accounts: ServiceAccount, password: str = PASSWORD) -> None:
        super().__init__({account.password_secret: passwords.make_hash(password) for account in accounts})

    def __call__(self, name: str) -> str:
        try:
            return self[name]
        except KeyError:
            raise LookupUnavailable(f"the secret '{name}' is not known here") from None
