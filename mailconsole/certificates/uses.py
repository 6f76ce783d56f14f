"""Which receive connectors show which certificate, by the head revision and by open changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailconsole.certificates.models import ServerCertificate
from mailconsole.changes.models import ChangeItem
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState
from transport.config.document import MailFlow
from transport.config.objects import TlsMode
from transport.rules.host_names import covers

OPEN = [state for state in ChangeState if state.is_open]


@dataclass(frozen=True, slots=True)
class Use:
    """One connector that a certificate is for; ``change`` is the title of a change that is not published yet."""

    connector_id: str
    connector: str
    change: str = ""

    def __str__(self) -> str:
        return f"{self.connector} (in the change {self.change!r})" if self.change else self.connector


def uses(certificates: Iterable[ServerCertificate]) -> dict[str, list[Use]]:
    """By the certificates' names. One is used where a connector names it, or where it is the newest for the name that
    the connector, or else the organisation, has."""
    installed = [one for one in certificates if one.is_installed]
    document = load_document(head_revision())
    found: dict[str, list[Use]] = {one.name: [] for one in installed}
    for connector in document.receive_connectors:
        if connector.is_enabled and connector.tls_mode is not TlsMode.NONE:
            for one in _meant(installed, connector.tls_certificate_name, connector.fqdn, document):
                found[one.name].append(Use(connector.id, connector.name))
    for item in _drafted():
        after = item.after or {}
        named = str(after.get("tls_certificate_name") or "")
        for one in _meant(installed, named, "", None) if named else ():
            found[one.name].append(Use(item.object_id, str(after.get("name") or item.object_id), item.change.title))
    return found


def _drafted() -> Iterable[ChangeItem]:
    return ChangeItem.objects.filter(kind="receive_connectors", change__state__in=OPEN).select_related("change")


def _meant(
    installed: list[ServerCertificate], named: str, fqdn: str, document: MailFlow | None
) -> list[ServerCertificate]:
    if named:
        wanted = named.lower()
        return [one for one in installed if wanted == one.name or covers(one.names, wanted)]
    host = fqdn or (document.organization.hostname if document is not None else "")
    fitting = [one for one in installed if host and covers(one.names, host)]
    return [max(fitting, key=lambda one: (one.not_before, one.name))] if fitting else []
