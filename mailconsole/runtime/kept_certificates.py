"""The console's certificates on a node's disk, where its transport finds them: law 3, TLS waits for no database.

Each key lies encrypted; what opens it is made from the store's key file. While the database is away, all stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import structlog
from django.conf import settings

from mailconsole.certificates import pem
from mailconsole.certificates.models import ServerCertificate
from mailconsole.common.secrets import SecretMissing, derived_keys, read_secret
from mailconsole.environment import PRIVATE_FOLDER
from mailconsole.runtime.kept_file import DRAFT, write_private

INDEX = "index.json"
_OURS = {".pem", ".key", DRAFT}
log = structlog.get_logger(__name__)


def passwords() -> tuple[str, ...]:
    """What opens the keys on nodes, the one in use first."""
    return tuple(key.hex() for key in derived_keys("mailconsole certificates"))


class KeptCertificates:
    """Those of one node, in ``folder``. ``refresh`` runs in a thread that may wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            read = json.loads((folder / INDEX).read_text())
            self._kept = {str(name): str(state) for name, state in read.items()}
        except (OSError, ValueError, AttributeError):
            self._kept = {}

    @classmethod
    def of(cls, node: str) -> KeptCertificates:
        """What the node kept before."""
        return cls(Path(settings.HOME) / "nodes" / node / "certificates")

    def refresh(self) -> bool:
        """Have on disk what the console has now; tells whether anything changed. Raises DatabaseError, OSError."""
        found = list(ServerCertificate.objects.exclude(chain_pem=""))
        seal = passwords()[0]
        mark = hashlib.sha256(seal.encode()).hexdigest()[:8]  # a rotated key file seals anew
        wanted = {one.name: f"{one.version} {one.fingerprint} {mark}" for one in found}
        strays = self._strays(wanted)
        for path in strays:
            path.unlink(missing_ok=True)
        if wanted == self._kept:
            return bool(strays)
        self.folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        kept = {}
        for one in found:
            if self._kept.get(one.name) == wanted[one.name] or self._write(one, seal):
                kept[one.name] = wanted[one.name]
        write_private(self.folder / INDEX, json.dumps(kept))
        self._kept = kept
        return True

    def _write(self, one: ServerCertificate, seal: str) -> bool:
        """The key first: a chain without its key would be told as a problem."""
        try:
            key = pem.sealed(read_secret(one.secret_name), seal)
        except (SecretMissing, ValueError) as error:
            log.error("certificates.key_unreadable", name=one.name, reason=str(error)[:200])
            return False
        write_private(self.folder / f"{one.name}.key", key.decode("ascii"))
        write_private(self.folder / f"{one.name}.pem", one.chain_pem)
        return True

    def _strays(self, wanted: Collection[str]) -> list[Path]:
        """Removed ones, also where the index was lost, and drafts: no key stays that nobody shows."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if path.suffix in _OURS]
        return [path for path in found if path.stem not in wanted or path.suffix == DRAFT]
