"""The secrets that a node's configuration names, as the node keeps them: law 3, mail waits for no database.

They lie beside the node's revision as the store's own ciphertext, readable by the node's user only; the key that opens
them is the store's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.conf import settings

from mailconsole.common.models import Secret
from mailconsole.common.secrets import SecretMissing, decrypt, is_for_documents
from mailconsole.runtime.kept_file import write_private
from transport.config.document import MailFlow
from transport.ports.unavailable import LookupUnavailable

log = structlog.get_logger(__name__)


def named_by(document: MailFlow) -> set[str]:
    """The secrets that the document names."""
    connectors = (connector.password_secret for connector in document.send_connectors)
    accounts = (account.password_secret for account in document.service_accounts)
    return {name for name in (*connectors, *accounts) if name and is_for_documents(name)}


@dataclass(frozen=True, slots=True)
class _Kept:
    """One state: what is opened of one file never mixes with that of another."""

    ciphertexts: dict[str, str] = field(default_factory=dict)
    clear: dict[str, str] = field(default_factory=dict, repr=False)


class KeptSecrets:
    """A SecretReader. ``refresh`` runs in a thread that may wait; asking it costs no wait and no database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = _Kept()
        try:
            read = json.loads(path.read_text())
            self._kept = _Kept({str(name): str(ciphertext) for name, ciphertext in read.items()})
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            log.error("secrets.unreadable", path=str(path), reason=str(error)[:200])

    @classmethod
    def of(cls, node: str) -> KeptSecrets:
        """What the node kept before."""
        return cls(Path(settings.HOME) / "nodes" / node / "secrets.json")

    def __call__(self, name: str) -> str:
        """The secret in clear. Raises LookupUnavailable."""
        kept = self._kept
        if name not in kept.clear:
            if name not in kept.ciphertexts:
                raise LookupUnavailable(f"the secret {name} is not known on this node")
            try:
                kept.clear[name] = decrypt(name, kept.ciphertexts[name])
            except SecretMissing as error:
                raise LookupUnavailable(str(error)) from error
        return kept.clear[name]

    def refresh(self, names: Iterable[str]) -> bool:
        """Keep what the store has of ``names`` now, and forget all others; tells whether anything changed.

        Raises DatabaseError while the store can't be read, OSError while it can't be kept; what was kept stays then.
        """
        found = dict(Secret.objects.filter(name__in=sorted(names)).values_list("name", "ciphertext"))
        if found == self._kept.ciphertexts:
            return False
        write_private(self.path, json.dumps(found))
        self._kept = _Kept(found)
        return True
