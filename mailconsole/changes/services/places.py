"""The connectors and domains of the configuration in effect, which limits of roles may name."""

from __future__ import annotations

from mailconsole.accounts.places import Places
from mailconsole.changes.reach import connector_name, domains_of
from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config.diff import as_json
from transport.config.document import OBJECT_KINDS


def known_places() -> Places:
    """Of the head. A subdomain of an accepted domain that takes them is one too."""
    document = load_document(head_revision())
    kinds = ("receive_connectors", "send_connectors")
    connectors = {connector_name(kind, one.id) for kind in kinds for one in document.section(kind)}
    domains = {f"*.{one.domain}" for one in document.accepted_domains if one.match_subdomains}
    for kind in OBJECT_KINDS:
        for item in document.section(kind):
            domains |= {one.rpartition("@")[2].lower() for one in domains_of(kind, as_json(item))}
    return Places(frozenset(connectors), frozenset(domains) - {"*", "<>", ""})
