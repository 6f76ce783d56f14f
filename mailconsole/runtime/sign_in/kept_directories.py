"""The directories that a node asks about passwords, kept beside its revision: the console's database may be away.

The passwords of the accounts that read them lie with the node's other secrets.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from directory.settings import SourceSettings
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.services.sources import settings_with
from mailconsole.runtime.kept_file import write_private
from transport.ports.secrets import SecretReader
from transport.ports.unavailable import LookupUnavailable

CONNECT_TIMEOUT_S, RECEIVE_TIMEOUT_S = 2, 4
_FIELDS = (
    "id", "name", "servers", "domain", "site", "security", "is_plain_allowed", "ca_pem", "tls_name", "base_dn",
    "bind_user", "attribute_names", "bind_method", "keytab", "credential_cache",
)  # fmt: skip
log = structlog.get_logger(__name__)


class KeptDirectories:
    """``refresh`` runs in a thread that may wait; the others cost no wait and no database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: list[dict[str, Any]] = []
        self._made: dict[str, tuple[str, SourceSettings]] = {}
        try:
            self._rows = [dict(row) for row in json.loads(path.read_text())]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as error:
            log.error("directories.unreadable", path=str(path), reason=str(error)[:200])

    @classmethod
    def of(cls, node: str) -> KeptDirectories:
        """What the node kept before."""
        return cls(Path(settings.HOME) / "nodes" / node / "directories.json")

    def refresh(self) -> bool:
        """Keep the enabled directories of now; tells whether anything changed. Raises DatabaseError, OSError."""
        rows = list(DirectorySource.objects.filter(is_enabled=True).order_by("name").values(*_FIELDS))
        if rows == self._rows:
            return False
        write_private(self.path, json.dumps(rows))
        self._rows, self._made = rows, {}
        return True

    @property
    def secret_names(self) -> set[str]:
        sources = (DirectorySource(**row) for row in self._rows)
        return {source.secret_name for source in sources if source.has_password}

    def settings(self, secrets: SecretReader) -> list[tuple[str, SourceSettings]]:
        """Name and settings of each, patient for as long as a peer may wait. Raises LookupUnavailable."""
        try:
            return [(str(row["name"]), self._settings(row, secrets)) for row in self._rows]
        except Refusal as refusal:
            raise LookupUnavailable(str(refusal)) from refusal

    def _settings(self, row: dict[str, Any], secrets: SecretReader) -> SourceSettings:
        """Made once for each row and password: the certificates take a tenth of a second to read."""
        source = DirectorySource(**row)
        password, key = secrets(source.secret_name) if source.has_password else "", json.dumps(row)
        made = self._made.get(key)
        if made is None or made[0] != password:
            settings = settings_with(source, password)
            patient = replace(settings, connect_timeout_s=CONNECT_TIMEOUT_S, receive_timeout_s=RECEIVE_TIMEOUT_S)
            made = self._made[key] = (password, patient)
        return made[1]
